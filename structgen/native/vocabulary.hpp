// The vocabulary as flat tries, and what every JSON string of every grammar shares: the twin of matching/trie.py.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "decoder.hpp"

namespace structgen {

constexpr uint32_t NONE = 0xFFFFFFFF;

// Every byte prefix of every text once, depth first: go on to node + 1 (into the subtree) or to end[node] (past it).
// The texts of a subtree are contiguous: items[first[node]] to items[first[end[node]]].
struct Trie {
    std::vector<uint8_t> byte;
    std::vector<uint32_t> depth, end, first;  // first has one entry more than there are nodes
    std::vector<uint32_t> items;
    uint32_t root[257];  // the nodes of depth 0 lie in root[b] .. root[b + 1] for first byte b (at most one each)

    uint32_t size() const { return static_cast<uint32_t>(byte.size()); }
    void build(const std::vector<std::pair<std::string_view, uint32_t>>& sorted);
    void index_roots();
    bool sound(size_t n_items) const;  // every index in range: said of a trie that was read
    template <class Archive>
    void visit(Archive& archive) {
        archive(byte), archive(depth), archive(end), archive(first), archive(items);
    }
    size_t bytes() const {
        return byte.size() + 4 * (depth.size() + end.size() + first.size() + items.size()) + sizeof(root);
    }
};

// A group of tokens that leave a JSON string with the same bytes behind the closing quote.
struct Leaver {
    uint16_t characters;  // decoded characters in front of the closing quote
    uint32_t token;
};

class Vocabulary;

// Where each byte stands in the tokens, but not as their first: the nodes of a trie by byte, in 4 bytes a node.
struct Places {
    std::array<uint32_t, 257> start{};  // of nodes; one entry more than there are bytes
    std::vector<uint32_t> nodes;
    std::array<uint64_t, 256> steps{};  // the most that looking at all places of a byte takes: what is in front and below

    explicit Places(const Trie& trie);
    size_t bytes() const { return sizeof *this + 4 * nodes.size(); }
};

// The children of each node side by side, ascending by byte, where those of a Trie lie apart: 17 bytes a node.
struct Children {
    std::vector<uint32_t> start;  // of node n: start[n] to start[n + 1]
    std::vector<uint8_t> byte;
    std::vector<uint32_t> node;
    std::vector<uint64_t> sketch;  // of node n: bit b % 64 for every byte b of a child

    static uint64_t sketched(const uint64_t bytes[4]) { return bytes[0] | bytes[1] | bytes[2] | bytes[3]; }
    explicit Children(const Trie& trie);
    size_t bytes() const { return 4 * (start.size() + node.size()) + byte.size() + 8 * sketch.size(); }
};

// Characters in classes, and the trie of the tokens by class: see parts.hpp.
class ClassTrie {
public:
    // Beyond ASCII, the characters that patterns tell apart most often are the spaces (\s) and the line ends (.).
    static constexpr uint32_t OTHERS = 5, BEYOND = 71, SPACE = 72, LINE = 73, CLASSES = 74;

    ClassTrie() = default;
    explicit ClassTrie(const Vocabulary& vocabulary);
    static uint32_t of(uint32_t point);  // the class of a code point

    Trie trie;  // its "bytes" are classes, one per character
    Trie odd;   // tokens in bytes: those with a backslash, and those that begin or end inside a character
    std::vector<uint32_t> row;  // a bit for every token of `trie`
};

class Vocabulary {
public:
    Vocabulary(std::string data, std::vector<uint32_t> offsets, std::vector<uint32_t> end_tokens);
    // The same from what `archive` gave for the same tokens; throws std::invalid_argument if it does not fit.
    Vocabulary(std::string data, std::vector<uint32_t> offsets, std::vector<uint32_t> end_tokens, std::string_view archive);

    std::string archive();

    uint32_t size() const { return static_cast<uint32_t>(offsets_.size()) - 1; }
    uint32_t words() const { return (size() + 31) / 32; }
    std::string_view text(uint32_t token) const {
        return {data_.data() + offsets_[token], offsets_[token + 1] - offsets_[token]};
    }
    const std::vector<uint32_t>& end_tokens() const { return end_tokens_; }
    bool is_end(uint32_t token) const;
    size_t bytes() const;

    // The tokens that stay inside a JSON string of an encoding and decode to at most `room` characters; one row per room
    // and encoding, kept.
    const uint32_t* inside(uint32_t room, uint8_t encoding);
    // Whether a token that may stand in JSON strings may in those of an encoding that was prepared.
    bool is_written(uint32_t token, uint8_t encoding) const { return encoding == decoder::JSON || written_[encoding][token]; }
    void prepare(uint8_t encoding);
    // Of `trie`; made on first use, which grammars without raw texts never come to (1.1 MB for 266,312 nodes).
    const Places& places();
    const Children& children();
    uint32_t longest() const { return longest_; }  // in the characters of a JSON string
    uint32_t longest_text() const { return longest_text_; }  // in bytes
    const ClassTrie& classes() const { return *classes_; }
    uint32_t group_of(uint32_t token) const { return group_of_[token]; }

    Trie trie;
    // characters[t]: what token t decodes to if it stays inside a JSON string, OUTSIDE if it does not.
    static constexpr uint16_t OUTSIDE = 0xFFFF;
    std::vector<uint16_t> characters;
    std::vector<bool> returns;  // stays inside and ends at a character's boundary
    // Tokens with a closing quote: as a trie of whole tokens, and grouped by what stands behind the quote.
    Trie leaving;
    Trie suffixes;  // items are group numbers
    std::vector<uint32_t> group_start;
    std::vector<Leaver> leavers;
    // How far a suffix may be judged without knowing the text that it ends, when no text may come twice: 0 not at all (it
    // could end a second text), 1 where the second may begin with anything (one more quote), 2 anywhere.
    std::vector<uint8_t> independence;
    uint32_t empty_group = NONE;    // the group of tokens that end with the closing quote

private:
    template <class Archive>
    void visit(Archive& archive);
    void find_longest_text();
    bool spells() const;
    void build_strings(const std::vector<std::pair<std::string_view, uint32_t>>& sorted);

    std::string data_;
    std::vector<uint32_t> offsets_;
    std::vector<uint32_t> end_tokens_;
    uint32_t longest_ = 0, longest_text_ = 0;
    std::vector<uint32_t> group_of_;
    mutable std::mutex mutex_;  // guards rows_, written_, places_ and children_: grammars of one vocabulary share them
    std::unique_ptr<const Places> places_;
    std::unique_ptr<const Children> children_;
    std::unique_ptr<ClassTrie> classes_;
    std::array<std::vector<std::unique_ptr<std::vector<uint32_t>>>, decoder::ENCODINGS> rows_;
    std::array<std::vector<bool>, decoder::ENCODINGS> written_;
};

}  // namespace structgen
