// What tokens do in a grammar of rules and raw texts alone (what token-by-token grammars are lowered to), whatever the
// stack is: found once per grammar and state, where masks by configurations find it again for every stack.
//
// The idea: a set of places in the trie of tokens (*heads*: the next byte is that of a head) goes through a state of the
// tables. The tokens that end below while they are alive are allowed; where the state's rule returns, other heads are left,
// and what they may do is asked of the state behind the call, which the stack tells. So a mask asks as much of the stack as
// its tokens can see of it, and nothing twice.
//
// Beginnings without bytes that come back to themselves (rules of nothing but empty rules, again and again) are not
// followed here: `usable` is false from then on, and masks are found by configurations.
#pragma once

#include <bitset>
#include <memory>
#include <unordered_map>
#include <vector>

#include "parts.hpp"
#include "stores.hpp"
#include "tables.hpp"

namespace structgen {

// Places in the trie, each set kept once; ascending. 0 is the empty set.
class HeadStore {
public:
    HeadStore() : start_{0, 0} {}
    const uint32_t* begin(uint32_t set) const { return items_.data() + start_[set]; }
    const uint32_t* end(uint32_t set) const { return items_.data() + start_[set + 1]; }
    uint32_t of(const std::vector<uint32_t>& nodes);  // ascending, without repetitions
    size_t bytes() const { return 4 * (start_.size() + items_.size()) + table_.bytes(); }

private:
    std::vector<uint32_t> start_, items_;
    IdTable table_;
};

class Summaries {
public:
    using Bytes = std::bitset<256>;
    struct Place {  // of an automaton and of the decoder of UTF-8
        uint32_t state, mode;
    };
    struct Exit {
        uint32_t label, heads;
        bool operator<(const Exit& other) const { return label < other.label; }
    };
    // Tokens as a list, or as a row if they are many; `part` has more of them.
    struct Found {
        const Part* part = nullptr;
        std::vector<uint32_t> items, row;
        std::vector<Exit> exits;
        bool known = false;
    };
    // The bytes with which a state may go on, and the labels (one bit each) with which it may return at once.
    struct First {
        Bytes bytes;
        uint64_t labels = 0;
    };

    Summaries(Vocabulary& vocabulary, const Tables& tables);

    bool usable = false;
    uint64_t budget = 0;  // nodes that may still be visited

    // From heads through a state of the tables.
    const Found& state(uint32_t heads, uint32_t number, uint32_t depth = 0);
    // From the roots through a raw text of which something is read, and which goes on with at least a byte; `following`:
    // what may come behind it.
    const Found& text(const Dfa& dfa, Place from, const Bytes& following);
    const First& first(uint32_t state);
    // The labels that a text may end with; automata without labels have one.
    static std::vector<uint32_t> labels_of(const Dfa& dfa, uint32_t state);
    size_t bytes() const { return bytes_ + heads_.bytes() + sizeof(First) * first_.size() + sizeof(Bytes) * (sets_.size() + head_bytes_.size()); }
    void clear();

private:
    struct Key {
        const void* dfa;
        uint32_t heads, state, following;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        size_t operator()(const Key& k) const {
            return mix(mix(reinterpret_cast<uintptr_t>(k.dfa), static_cast<uint64_t>(k.heads) << 32 | k.state), k.following);
        }
    };
    struct Marked {  // nodes by label, as they are found
        std::vector<std::pair<uint32_t, std::vector<uint32_t>>> nodes;
        void add(int32_t label, uint32_t node) {
            for (auto& [known, found] : nodes)
                if (known == static_cast<uint32_t>(label)) return found.push_back(node);
            nodes.push_back({static_cast<uint32_t>(label), {node}});
        }
    };

    void find_first();
    const Found& read(uint32_t heads, const State& state);
    static Place stepped(const Dfa& dfa, Place from, uint32_t byte);
    void walk(const Dfa& dfa, Place from, uint32_t node, const Bytes& following, Found* out, Marked& exits);
    bool jump(const Dfa& dfa, uint32_t state, const Bytes& following, uint64_t all, Marked& exits);
    uint32_t number(const Bytes& bytes);
    const Bytes& heads_bytes(uint32_t heads);
    void take(uint64_t number);
    void join(Found& out, std::vector<Exit>& exits);
    void leave(Found& out, Marked& exits);
    void settle(Found& out);
    void unite(Found& out, const Found& other) const;

    Vocabulary& vocabulary_;
    const Tables& tables_;
    HeadStore heads_;
    std::vector<First> first_;
    std::vector<Bytes> sets_, head_bytes_;
    std::vector<Place> path_;
    std::unordered_map<uint64_t, Found> states_;
    std::unordered_map<Key, Found, Hash> texts_;
    size_t bytes_ = 0;
};

}  // namespace structgen
