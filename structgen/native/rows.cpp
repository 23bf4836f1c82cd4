// Masks as they are kept: a row that is shared, and a short difference to it, or a row of their own.

#include <algorithm>
#include <bit>
#include <cstring>

#include "cover.hpp"

namespace structgen {

namespace {
// Ascending, each once; a long list by way of a row.
void sort_tokens(std::vector<uint32_t>& tokens, uint32_t words) {
    if (tokens.size() < words / 8) {
        std::sort(tokens.begin(), tokens.end());
        tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
        return;
    }
    std::vector<uint32_t> row(words, 0u);
    for (uint32_t t : tokens) row[t >> 5] |= 1u << (t & 31);
    tokens.clear();
    for (uint32_t w = 0; w < words; ++w)
        for (uint32_t bits = row[w]; bits; bits &= bits - 1)
            tokens.push_back(32 * w + static_cast<uint32_t>(std::countr_zero(bits)));
}
}  // namespace

uint32_t Engine::store(Cover& cover) {
    const uint32_t words = vocabulary->words();
    Mask mask;
    auto& added = cover.added;
    std::vector<uint32_t> removed;
    sort_tokens(added, words);
    if (cover.parts.size() + cover.inside + 2 * cover.rows.size() <= 1 && added.size() <= words) {
        if (cover.inside) mask.base = vocabulary->inside(cover.room, cover.encoding);
        if (!cover.parts.empty()) {
            const Part& part = *cover.parts[0];
            mask.base = part.base;
            removed = part.removed;
            std::erase_if(removed, [&](uint32_t t) { return std::binary_search(added.begin(), added.end(), t); });
            added.insert(added.end(), part.added.begin(), part.added.end());
        }
        if (mask.base && removed.empty())
            std::erase_if(added, [&](uint32_t t) { return mask.base[t >> 5] >> (t & 31) & 1; });
        if (!cover.own.empty() && mask.base && !cover.own[0]->row.empty()) keep_row(cover, mask);
    } else {
        union_row(cover, mask, removed);
    }
    mask.first = static_cast<uint32_t>(items_.size());
    mask.added = static_cast<uint32_t>(added.size());
    mask.removed = static_cast<uint32_t>(removed.size());
    items_.insert(items_.end(), added.begin(), added.end());
    items_.insert(items_.end(), removed.begin(), removed.end());
    masks_.push_back(mask);
    return static_cast<uint32_t>(masks_.size() - 1);
}

void Engine::promote(Mask& mask) {
    const uint32_t words = vocabulary->words();
    auto row = std::make_unique<std::vector<uint32_t>>(words, 0u);
    if (mask.base) std::memcpy(row->data(), mask.base, 4 * static_cast<size_t>(words));
    const uint32_t* item = items_.data() + mask.first;
    for (uint32_t i = 0; i < mask.added; ++i, ++item) (*row)[*item >> 5] |= 1u << (*item & 31);
    for (uint32_t i = 0; i < mask.removed; ++i, ++item) (*row)[*item >> 5] &= ~(1u << (*item & 31));
    mask = {row->data(), mask.first, 0, 0, mask.uses};
    rows_.push_back(std::move(row));
    ++promoted_;
}

// The row of a part that lives for this mask alone moves into the grammar.
void Engine::keep_row(Cover& cover, Mask& mask) {
    for (auto& part : cover.own)
        if (mask.base == part->row.data()) {
            rows_.push_back(std::make_unique<std::vector<uint32_t>>(std::move(part->row)));
            mask.base = rows_.back()->data();
            return;
        }
}

// Several large sets at once: as a difference to the row of all strings if that is short, else as a row.
void Engine::union_row(Cover& cover, Mask& mask, std::vector<uint32_t>& removed) {
    const uint32_t words = vocabulary->words();
    auto row = std::make_unique<std::vector<uint32_t>>(words, 0u);
    auto set = [&](uint32_t t) { (*row)[t >> 5] |= 1u << (t & 31); };
    if (cover.inside) std::memcpy(row->data(), vocabulary->inside(cover.room, cover.encoding), 4 * static_cast<size_t>(words));
    for (const auto* other : cover.rows)
        for (uint32_t w = 0; w < words; ++w) (*row)[w] |= (*other)[w];
    for (const Part* part : cover.parts) {
        if (part->removed.empty()) {
            for (uint32_t w = 0; part->base && w < words; ++w) (*row)[w] |= part->base[w];
            for (uint32_t t : part->added) set(t);
            continue;
        }
        std::vector<uint32_t> own(words, 0u);
        if (part->base) std::memcpy(own.data(), part->base, 4 * static_cast<size_t>(words));
        for (uint32_t t : part->added) own[t >> 5] |= 1u << (t & 31);
        for (uint32_t t : part->removed) own[t >> 5] &= ~(1u << (t & 31));
        for (uint32_t w = 0; w < words; ++w) (*row)[w] |= own[w];
    }
    for (uint32_t t : cover.added) set(t);
    const uint32_t* base = vocabulary->inside(INFINITE, cover.encoding);
    cover.added.clear();
    for (uint32_t w = 0; w < words; ++w)
        for (uint32_t bits = (*row)[w] ^ base[w]; bits; bits &= bits - 1) {
            const uint32_t bit = static_cast<uint32_t>(std::countr_zero(bits));
            ((*row)[w] >> bit & 1 ? cover.added : removed).push_back(32 * w + bit);
            if (cover.added.size() + removed.size() > words / 2) {
                cover.added.clear();
                removed.clear();
                mask.base = row->data();
                rows_.push_back(std::move(row));
                return;
            }
        }
    mask.base = base;
}

}  // namespace structgen
