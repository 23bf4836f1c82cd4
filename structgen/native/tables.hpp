// The flat tables of a lowered grammar: the twin of automaton/tables.py, which says what they mean.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "automata_form.hpp"
#include "names.hpp"
#include "vocabulary.hpp"

namespace structgen {

constexpr uint32_t DEAD_SLOT = 0xFFFFFFFF;

enum Kind : uint32_t { BYTES, SPLIT, CALL, RETURN, SPAN, COUNT, AT_LEAST, BELOW, ROOM, MORE, DONE, SCOPE };
enum Role : uint32_t { VALUE, KEY, UNIQUE, IN_SCOPE };

// A budget of Limits ran out; `field` is its name.
struct LimitError : std::runtime_error {
    LimitError(const char* name, const std::string& what) : std::runtime_error(what), field(name) {}
    const char* field;
};

struct Part;
struct Lengths;
// Per state the states behind the classes of characters, made on first use (parts.cpp).
using ClassRow = std::array<uint32_t, ClassTrie::CLASSES>;
using ClassRows = std::vector<std::unique_ptr<ClassRow>>;

struct State {
    uint32_t kind, a, b;
};

// An automaton as the engine runs it. Small ones get a table of state x byte class, others are searched by edges (a suffix
// automaton of a long document has too many states).
class Dfa : public Automaton {
public:
    explicit Dfa(Automaton automaton);
    Dfa(Automaton names, bool other);  // of_names
    ~Dfa();
    // The keys of an object: names[i] (ASCII) with label i and, with `other`, any other text with label names.size().
    static std::shared_ptr<Dfa> of_names(const std::vector<std::string_view>& names, bool other);

    uint32_t step(uint32_t state, uint32_t byte) const {
        if (!table_.empty()) return table_[state * n_classes_ + class_[byte]];
        for (uint32_t i = edge_start[state]; i < edge_start[state + 1]; ++i)
            if (byte <= edges[i].high) return byte >= edges[i].low ? edges[i].target : NONE;
        return NONE;
    }
    size_t bytes() const;

    std::vector<bool> total;      // every well-formed text is alive from here, however it goes on
    std::vector<bool> universal;  // one state that loops on every byte and accepts
    std::vector<bool> open;       // total, and every state from here on accepts
    bool any = false;             // the automaton is a single universal state
    uint32_t longest_wait = 0;    // the greatest of min_length: no state is further from acceptance

    // What this automaton alone says about tokens from a state, without bounds of length (parts.hpp); made once.
    const Part& part(Vocabulary& vocabulary, uint8_t encoding, uint32_t state) const;
    // The same within bounds of length, made anew each time.
    std::unique_ptr<Part> part(Vocabulary& vocabulary, uint8_t encoding, uint32_t state, const Lengths& lengths) const;

private:
    void find_total();
    bool covers(uint32_t state, uint32_t low, uint32_t high) const;

    mutable std::mutex mutex_;
    mutable std::array<std::vector<std::unique_ptr<Part>>, decoder::ENCODINGS> parts_;  // per encoding one a state, or none yet
    mutable ClassRows class_rows_;
    std::array<uint16_t, 256> class_{};
    uint32_t n_classes_ = 0;
    std::vector<uint32_t> table_;
};

struct Span {
    uint32_t dfa;
    uint8_t encoding;
    Role role;
    uint32_t min_length, max_length, key_set;
    bool json() const { return encoding != decoder::RAW; }
};

struct KeySet {
    std::vector<uint8_t> required, forbidden;
    bool ordered;
    uint32_t min_count, max_count, others;
};

struct Tables {
    uint32_t start = 0;
    std::vector<State> states;
    std::vector<Edge> edges;
    std::vector<uint32_t> targets, returns;
    std::vector<Span> spans;
    std::vector<KeySet> key_sets;
    std::vector<std::shared_ptr<const Dfa>> dfas;
    Names names;

    void check() const;  // every index in range, so that nothing later needs to ask
    // Whether this is a finite automaton of at most so many states: plain texts, without calls and counters.
    bool is_small(size_t most) const;
    size_t bytes() const {
        return 12 * (states.size() + edges.size()) + 4 * (targets.size() + returns.size()) + 28 * spans.size();
    }
};

struct Limits {
    uint64_t threads = 2000, cache_bytes = 256u << 20, mask_steps = 20'000'000;
};

}  // namespace structgen
