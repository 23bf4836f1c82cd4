// The automata of texts: the twin of automaton/dfa_subset.py, dfa_bytes.py, dfa_length.py, dfa_tries.py and substrings.py,
// which say what is built and why it is right. Both give equal automata (minimal, numbered breadth-first).
//
// What differs is how sets are kept. Subsets of states are spans of numbers with a hash that does not depend on their
// order, so that a union is never sorted; classes that every member of a subset treats alike are moved once, together;
// the subset behind one single move is remembered by that move's target.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "automata_form.hpp"

namespace structgen::automata {

constexpr uint32_t NO_STATE = 0xFFFFFFFF;
constexpr uint64_t NO_END = 0x3FFFFFFFFFFFFFFF;  // of a repetition; least counts are cut to one less

inline uint64_t mixed(uint64_t x) {
    x += 0x9E3779B97F4A7C15ull;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

using Pair = std::pair<uint32_t, uint32_t>;

// Pairs by source: the targets of every source, as spans of one vector.
struct Grouped {
    std::vector<uint32_t> start, items;

    template <class Pairs, class Source, class Target>
    Grouped(size_t n, const Pairs& pairs, Source source, Target target) : start(n + 1), items(pairs.size()) {
        for (const auto& pair : pairs) ++start[source(pair) + 1];
        for (size_t i = 0; i < n; ++i) start[i + 1] += start[i];
        std::vector<uint32_t> next(start.begin(), start.end() - 1);
        for (const auto& pair : pairs) items[next[source(pair)]++] = target(pair);
    }
    const uint32_t* begin(uint32_t i) const { return items.data() + start[i]; }
    const uint32_t* end(uint32_t i) const { return items.data() + start[i + 1]; }
    bool empty(uint32_t i) const { return start[i] == start[i + 1]; }
};

// Spans of numbers, each kept once and numbered in the order of their coming.
class Interner {
public:
    std::pair<uint32_t, bool> add(const uint32_t* first, size_t count);  // its number, and whether it is new
    std::pair<uint32_t, bool> add(const std::vector<uint32_t>& span) { return add(span.data(), span.size()); }
    uint32_t size() const { return static_cast<uint32_t>(hashes_.size()); }
    const uint32_t* begin(uint32_t number) const { return pool_.data() + starts_[number]; }
    const uint32_t* end(uint32_t number) const { return pool_.data() + starts_[number + 1]; }

private:
    std::vector<uint32_t> pool_, table_ = std::vector<uint32_t>(16, NO_STATE);
    std::vector<size_t> starts_{0};
    std::vector<uint64_t> hashes_;
};

// Numbers by a number of 64 bits (never all ones).
class Map {
public:
    uint32_t* find(uint64_t key);  // null where it is unknown
    uint32_t& at(uint64_t key);    // NO_STATE where it was unknown; valid until the next call

private:
    std::vector<std::pair<uint64_t, uint32_t>> table_ = std::vector<std::pair<uint64_t, uint32_t>>(16, {~0ull, NO_STATE});
    size_t size_ = 0;
};

enum Limit : int { STATES = 1, STEPS = 2, DEPTH = 3 };
struct Exceeded {
    Limit limit;
};

// What the construction of one language may still spend; the twin of dfa_subset.Budget.
class Budget {
public:
    Budget(uint64_t states, uint64_t steps, uint64_t depth) : states_(states), steps_(steps), depth_(depth) {}
    void take_steps(uint64_t number) {
        if ((taken_ += number) > steps_) throw Exceeded{STEPS};
    }
    void check_states(uint64_t number) const {
        if (number > states_) throw Exceeded{STATES};
    }
    void check_parts(uint64_t number) const {
        if (number / 8 > states_) throw Exceeded{STATES};
    }
    void check_depth(uint64_t depth) const {
        if (depth > depth_) throw Exceeded{DEPTH};
    }
    Budget fresh() const { return {states_, steps_, depth_}; }

private:
    uint64_t states_, steps_, depth_, taken_ = 0;
};

enum class Form : uint8_t { CHARS, STR, SEQ, ALT, REPEAT, AND, NOT, SUBSTRINGS };
using Ranges = std::vector<Pair>;

// Regular nodes, flat: a node's parts are parts[first] to parts[first + count] (its characters, in points); CHARS has the
// number of its set in `first`.
struct Regular {
    struct Node {
        Form form;
        uint32_t first = 0, count = 0;
        uint64_t least = 0, most = 0;
    };
    std::vector<Node> nodes;
    std::vector<uint32_t> parts, points;
    std::vector<Ranges> sets;
};

// The code points of one language in classes that it need not tell apart; the twin of dfa_classes.Alphabet.
struct Alphabet {
    explicit Alphabet(const Regular& regular);
    uint32_t size() const { return static_cast<uint32_t>(ranges.size()); }
    // Sets of classes by number: those of Regular::sets first, single characters and others behind them.
    uint32_t single(uint32_t point) { return *points.find(point); }
    uint32_t list(const std::vector<uint32_t>& classes);

    std::vector<Ranges> ranges;  // per class
    std::vector<std::vector<uint32_t>> lists;

private:
    Map points;
    Interner known_;
    std::vector<uint32_t> numbers_;  // per span of known_ its list
};

// A deterministic automaton over classes; state 0 is the start, NO_STATE stands for no state.
struct Rows {
    uint32_t size = 0;  // classes
    std::vector<uint32_t> rows;
    std::vector<int32_t> accept;

    uint32_t n_states() const { return static_cast<uint32_t>(accept.size()); }
    const uint32_t* row(uint32_t state) const { return rows.data() + size_t{state} * size; }
};

Rows rows_of(const Regular& regular, uint32_t node, Alphabet& alphabet, Budget& budget);
// Languages by rising label; on overlap the lowest label wins.
Rows labelled_rows(const Regular& regular, const std::vector<std::pair<int32_t, uint32_t>>& languages, Alphabet& alphabet,
                   Budget& budget);
Rows pruned(Rows part);  // without the states that never accept; of no state where the language is empty
Rows minimised(Rows part, Budget& budget);

using Made = std::shared_ptr<const Automaton>;

// States with their sums while an automaton is made, in any order; `finish` numbers them breadth-first.
struct Draft {
    std::vector<uint32_t> edge_start{0};
    std::vector<Edge> edges;
    std::vector<int32_t> accept;
    std::vector<uint32_t> shortest, longest, count;

    uint32_t n_states() const { return static_cast<uint32_t>(accept.size()); }
    void close() { edge_start.push_back(static_cast<uint32_t>(edges.size())); }
    // Add an edge to the state being made, joined to its last one if it goes on there with one target.
    void edge(uint32_t low, uint32_t high, uint32_t target) {
        if (edges.size() > edge_start.back() && edges.back().target == target && edges.back().high + 1 == low)
            edges.back().high = high;
        else
            edges.push_back({low, high, target});
    }
};

inline uint32_t saturated(uint64_t number) { return number < INFINITE ? static_cast<uint32_t>(number) : INFINITE; }
Made finish(const Draft& draft, uint32_t start, const Interner* labels = nullptr,
            const std::vector<uint32_t>* label_sets = nullptr);
Made finish_labelled(const Draft& draft, uint32_t start);  // with the labels that each state still reaches
// A code point in bytes.
struct Utf8 {
    uint32_t length = 0;
    uint8_t bytes[4];
    explicit Utf8(uint32_t point) {
        auto tail = [&](uint32_t shift) { return static_cast<uint8_t>(0x80 | (point >> shift & 0x3F)); };
        if (point < 0x80) bytes[length++] = static_cast<uint8_t>(point);
        else if (point < 0x800) bytes[length++] = static_cast<uint8_t>(0xC0 | point >> 6);
        else if (point < 0x10000) bytes[length++] = static_cast<uint8_t>(0xE0 | point >> 12), bytes[length++] = tail(6);
        else bytes[length++] = static_cast<uint8_t>(0xF0 | point >> 18), bytes[length++] = tail(12), bytes[length++] = tail(6);
        if (point >= 0x80) bytes[length++] = tail(0);
    }
};

std::vector<std::vector<Pair>> utf8_sequences(uint32_t low, uint32_t high);
Made spell(const Rows& part, const Alphabet& alphabet, const Budget& budget, bool labelled);

// Null where no text is left; the automaton itself where a counter beside it is exact.
Made bound_length(const Made& dfa, uint64_t minimum, uint64_t maximum, const Budget& budget);
// How many characters an edge between characters stands for, where its target does or does not absorb their other bytes.
uint64_t ways(uint32_t low, uint32_t high, bool absorbed);

Made of_strings(std::vector<std::string_view> words);
Made of_names(const std::vector<std::string_view>& names, const Automaton* other);
Made of_substrings(const std::vector<uint32_t>& text);

// Per state the moves by character, smallest first, and the length of its longest text; state 0 is the start.
struct SuffixAutomaton {
    std::vector<std::vector<Pair>> moves;
    std::vector<uint32_t> length;
};
SuffixAutomaton suffix_automaton(const uint32_t* first, size_t count);

}  // namespace structgen::automata
