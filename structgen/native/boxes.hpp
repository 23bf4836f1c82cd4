// Values while they are written, inside lists whose items must differ: the twin of matching/boxes.py, which explains them.
#pragma once

#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "stores.hpp"

namespace structgen {

// Rows of numbers; equal rows are one number, and row 0 is empty.
class RowStore {
public:
    RowStore() : start_{0, 0} { intern({}); }
    std::span<const uint32_t> operator[](uint32_t row) const {
        return {items_.data() + start_[row], items_.data() + start_[row + 1]};
    }
    uint32_t intern(const std::vector<uint32_t>& row);
    uint32_t with(uint32_t set, uint32_t item);  // of an ascending row
    bool has(uint32_t set, uint32_t item) const { return std::ranges::binary_search((*this)[set], item); }
    size_t bytes() const { return 4 * (start_.size() + items_.size()) + table_.bytes(); }

private:
    std::vector<uint32_t> start_, items_;
    IdTable table_;
};

enum BoxKind : uint32_t { IS_LIST, IS_OBJECT, IS_NUMBER };

// An open container. Values are rows: what they are, then a text or values. `members` are pairs of name and value by
// ascending names; `used` is NONE unless items must differ. A box that IS_NUMBER stands alone, and its rows are its rules:
// a step, whether the number is a multiple of it, the remainder so far, and how far behind the point it counts.
struct Box {
    uint32_t parent = 0, kind = IS_LIST, content = 0, key = 0, token = 0, used = NONE;
    uint32_t depth = 1, outer_used = 0, constrained = 0;  // follow from the others
    bool operator==(const Box&) const = default;
};

class Boxes {
public:
    using Texts = std::function<uint32_t(uint32_t)>;
    Boxes() : boxes_(1) {}

    // The box behind a byte, a text or a step; NONE where there is none.
    uint32_t after_byte(uint32_t box, uint32_t byte, TextStore& texts);
    uint32_t after_text(uint32_t box, uint32_t text, bool is_key, bool is_quoted, TextStore& texts);
    uint32_t after_step(uint32_t what_to_do, uint32_t what, uint32_t box);
    bool constrained(uint32_t box) const { return boxes_[box].constrained; }
    uint32_t depth(uint32_t box) const { return boxes_[box].depth; }
    // Of a number: step, whether it is a multiple, remainder and places taken, over and over.
    std::vector<uint32_t> rules(uint32_t box) const {
        if (box >= boxes_.size() || boxes_[box].kind != IS_NUMBER) return {};
        const auto row = rows_[boxes_[box].content];
        return {row.begin(), row.end()};
    }
    uint32_t outer_used(uint32_t box) const { return boxes_[box].outer_used; }
    size_t bytes() const { return sizeof(Box) * boxes_.size() + rows_.bytes() + table_.bytes(); }
    // The number here of a box of another store, whose texts have got new numbers.
    uint32_t bring(const Boxes& other, uint32_t box, const Texts& text);

private:
    enum What : uint32_t { STRING, TOKEN, LIST, OBJECT };
    uint32_t intern(Box box);
    Box ended(Box box);
    uint32_t after_character(Box number, uint32_t byte);
    bool is_right(const Box& number) const;
    Box with(Box box, uint32_t value);
    uint32_t value(uint32_t what, uint32_t content);
    uint32_t bring_value(const Boxes& other, uint32_t value, const Texts& text);

    std::vector<Box> boxes_;
    RowStore rows_;
    IdTable table_;
    std::unordered_map<uint32_t, uint32_t> brought_;
};

}  // namespace structgen
