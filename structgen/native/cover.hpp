// What a mask is collected in.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "engine.hpp"
#include "parts.hpp"

namespace structgen {

struct Engine::Cover {
    bool inside = false;  // the tokens that stay inside a JSON string, up to `room` characters
    uint32_t room = 0;
    uint8_t encoding = decoder::JSON;  // of that string
    std::vector<uint32_t> added;  // in any order, possibly twice
    std::vector<const Part*> parts;
    std::vector<std::unique_ptr<Part>> own;  // those of `parts` that nobody else keeps
    std::vector<const std::vector<uint32_t>*> rows;
    std::vector<std::array<uint32_t, 3>> gone_on;  // heads, state, frame

    void add_inside(uint32_t characters, uint8_t written) {
        room = inside ? std::max(room, characters) : characters;
        encoding = written;
        inside = true;
    }
    void add(const Summaries::Found& found) {
        added.insert(added.end(), found.items.begin(), found.items.end());
        if (!found.row.empty()) rows.push_back(&found.row);
    }
    void add(const Trie& trie, uint32_t node) {
        for (uint32_t i = trie.first[node]; i < trie.first[node + 1]; ++i) added.push_back(trie.items[i]);
    }
};

}  // namespace structgen
