// Interned values: equal content is one number, so comparing and copying situations costs one integer.
#pragma once

#include <cstdint>
#include <algorithm>
#include <cstring>
#include <vector>

#include "vocabulary.hpp"

namespace structgen {

inline uint64_t mix(uint64_t h, uint64_t v) {
    h ^= v + 0x9E3779B97F4A7C15ull + (h << 6) + (h >> 2);
    h *= 0xFF51AFD7ED558CCDull;
    return h ^ (h >> 32);
}

// An open-addressing table of ids; the values live in the store that owns it.
class IdTable {
public:
    template <class Equal, class Make>
    uint32_t intern(uint64_t hash, Equal equal, Make make) {
        if (2 * (count_ + 1) > slots_.size()) grow();
        const uint32_t tag = static_cast<uint32_t>(hash >> 32);
        for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
            Slot& slot = slots_[i];
            if (slot.id == NONE) {
                ++count_;
                return (slots_[i] = {static_cast<uint32_t>(hash), tag, make()}).id;
            }
            if (slot.low == static_cast<uint32_t>(hash) && slot.tag == tag && equal(slot.id)) return slot.id;
        }
    }
    size_t bytes() const { return sizeof(Slot) * slots_.size(); }

private:
    struct Slot {
        uint32_t low, tag, id;
    };
    void grow() {
        std::vector<Slot> old = std::move(slots_);
        slots_.assign(old.empty() ? 64 : 2 * old.size(), Slot{0, 0, NONE});
        mask_ = slots_.size() - 1;
        for (const Slot& s : old)
            if (s.id != NONE) {
                size_t i = s.low & mask_;
                while (slots_[i].id != NONE) i = (i + 1) & mask_;
                slots_[i] = s;
            }
    }
    std::vector<Slot> slots_;
    size_t count_ = 0, mask_ = 0;
};

// A map from 64-bit keys to ids, for steps and canonical masks. Key 0 never occurs.
class KeyMap {
public:
    uint32_t find(uint64_t key) const {
        if (slots_.empty()) return NONE;
        for (size_t i = mix(0, key) & mask_;; i = (i + 1) & mask_) {
            const uint64_t found = slots_[i].key();
            if (found == key) return slots_[i].id;
            if (found == 0) return NONE;
        }
    }
    void insert(uint64_t key, uint32_t id) {
        if (2 * (count_ + 1) > slots_.size()) grow();
        place(key, id);
        ++count_;
    }
    size_t bytes() const { return sizeof(Slot) * slots_.size(); }

private:
    struct Slot {
        uint32_t low, high, id;  // the key in halves: no padding, in the largest table of most grammars
        uint64_t key() const { return uint64_t{high} << 32 | low; }
    };
    void place(uint64_t key, uint32_t id) {
        size_t i = mix(0, key) & mask_;
        while (slots_[i].key() != 0) i = (i + 1) & mask_;
        slots_[i] = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32), id};
    }
    void grow() {
        std::vector<Slot> old = std::move(slots_);
        slots_.assign(old.empty() ? 64 : 2 * old.size(), Slot{0, 0, NONE});
        mask_ = slots_.size() - 1;
        for (const Slot& s : old)
            if (s.key()) place(s.key(), s.id);
    }
    std::vector<Slot> slots_;
    size_t count_ = 0, mask_ = 0;
};

// Texts as nodes of one growing trie: a text read so far is a number, a longer one its child.
class TextStore {
public:
    // UNLIKE stands for a text that is equal to none in any set, and is no beginning of one.
    enum Root : uint32_t { EMPTY = 0, JSON = 1, RAW = 2, UNLIKE = 3 };
    TextStore() : nodes_(4, {0, 0, 0}) {}

    uint32_t child(uint32_t parent, uint32_t byte) {
        return table_.intern(
            mix(parent + 1, byte),
            [&](uint32_t id) { return nodes_[id].parent == parent && nodes_[id].byte == byte; },
            [&] {
                nodes_.push_back({parent, byte, nodes_[parent].depth + 1});
                return static_cast<uint32_t>(nodes_.size() - 1);
            });
    }
    bool begins_with(uint32_t text, uint32_t prefix) const {
        while (nodes_[text].depth > nodes_[prefix].depth) text = nodes_[text].parent;
        return text == prefix;
    }
    uint32_t parent(uint32_t text) const { return nodes_[text].parent; }
    uint32_t byte(uint32_t text) const { return nodes_[text].byte; }
    size_t bytes() const { return sizeof(Node) * nodes_.size() + table_.bytes(); }

private:
    struct Node {
        uint32_t parent, byte, depth;
    };
    std::vector<Node> nodes_;
    IdTable table_;
};

// Sorted sets of numbers; 0 is the empty set.
class SetStore {
public:
    SetStore() : start_{0, 0} {}

    const uint32_t* begin(uint32_t set) const { return items_.data() + start_[set]; }
    const uint32_t* end(uint32_t set) const { return items_.data() + start_[set + 1]; }
    uint32_t size(uint32_t set) const { return start_[set + 1] - start_[set]; }
    bool has(uint32_t set, uint32_t item) const {
        const uint32_t* at = std::lower_bound(begin(set), end(set), item);
        return at != end(set) && *at == item;
    }
    uint32_t with(uint32_t set, uint32_t item) {
        if (has(set, item)) return set;
        scratch_.assign(begin(set), end(set));
        scratch_.insert(std::lower_bound(scratch_.begin(), scratch_.end(), item), item);
        uint64_t hash = scratch_.size();
        for (uint32_t x : scratch_) hash = mix(hash, x);
        return table_.intern(
            hash,
            [&](uint32_t id) {
                return size(id) == scratch_.size() && std::equal(scratch_.begin(), scratch_.end(), begin(id));
            },
            [&] {
                items_.insert(items_.end(), scratch_.begin(), scratch_.end());
                start_.push_back(static_cast<uint32_t>(items_.size()));
                return static_cast<uint32_t>(start_.size() - 2);
            });
    }
    size_t bytes() const { return 4 * (start_.size() + items_.size()) + table_.bytes(); }

private:
    std::vector<uint32_t> start_, items_, scratch_;
    IdTable table_;
};

}  // namespace structgen
