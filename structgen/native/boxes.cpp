#include "boxes.hpp"

#include "names.hpp"

namespace structgen {

namespace {
constexpr uint32_t DEEPEST = 500;
constexpr uint32_t SPOILT = 0xFF;  // stands for a digit behind the point that no multiple has
constexpr size_t RULE = 4;
}

uint32_t RowStore::intern(const std::vector<uint32_t>& row) {
    uint64_t hash = row.size();
    for (uint32_t x : row) hash = mix(hash, x);
    return table_.intern(
        hash, [&](uint32_t id) { return std::ranges::equal((*this)[id], row); },
        [&] {
            if (start_.size() == 2 && row.empty() && items_.empty()) return 0u;
            items_.insert(items_.end(), row.begin(), row.end());
            start_.push_back(static_cast<uint32_t>(items_.size()));
            return static_cast<uint32_t>(start_.size() - 2);
        });
}

uint32_t RowStore::with(uint32_t set, uint32_t item) {
    if (has(set, item)) return set;
    std::vector<uint32_t> made((*this)[set].begin(), (*this)[set].end());
    made.insert(std::ranges::lower_bound(made, item), item);
    return intern(made);
}

uint32_t Boxes::intern(Box box) {
    const Box& around = boxes_[box.parent];
    box.depth = box.parent ? around.depth + 1 : 1;
    box.outer_used = box.parent ? around.outer_used : box.used;
    box.constrained = (box.parent && around.constrained) || (box.used != NONE && box.used != 0);
    uint64_t hash = mix(box.parent, static_cast<uint64_t>(box.kind) << 32 | box.content);
    hash = mix(mix(hash, static_cast<uint64_t>(box.key) << 32 | box.token), box.used);
    return table_.intern(
        hash, [&](uint32_t id) { return boxes_[id] == box; },
        [&] {
            boxes_.push_back(box);
            return static_cast<uint32_t>(boxes_.size() - 1);
        });
}

uint32_t Boxes::value(uint32_t what, uint32_t content) {
    std::vector<uint32_t> row{what};
    if (what == STRING || what == TOKEN) row.push_back(content);
    else row.insert(row.end(), rows_[content].begin(), rows_[content].end());
    return rows_.intern(row);
}

Box Boxes::with(Box box, uint32_t value) {
    std::vector<uint32_t> row(rows_[box.content].begin(), rows_[box.content].end());
    if (box.kind == IS_LIST) {
        row.push_back(value);
    } else {
        size_t at = 0;
        while (at < row.size() && row[at] < box.key) at += 2;
        row.insert(row.begin() + static_cast<std::ptrdiff_t>(at), {box.key, value});
        box.key = 0;
    }
    box.content = rows_.intern(row);
    return box;
}

Box Boxes::ended(Box box) {
    if (box.token == TextStore::EMPTY) return box;
    const uint32_t token = value(TOKEN, box.token);
    box.token = TextStore::EMPTY;
    return with(box, token);
}

uint32_t Boxes::after_byte(uint32_t number, uint32_t byte, TextStore& texts) {
    Box box = boxes_[number];
    if (box.kind == IS_NUMBER) return after_character(box, byte);
    switch (byte) {
        case '"': case ':': return number;
        case '{': case '[': {
            if (box.depth >= DEEPEST) return NONE;
            Box inner;
            inner.parent = number;
            inner.kind = byte == '{' ? IS_OBJECT : IS_LIST;
            return intern(inner);
        }
        case ',': case ' ': case '\t': case '\r': case '\n': return intern(ended(box));
        case '}': case ']': {
            box = ended(box);
            const uint32_t whole = value(box.kind == IS_OBJECT ? OBJECT : LIST, box.content);
            return intern(with(boxes_[box.parent], whole));
        }
        default: box.token = texts.child(box.token, byte); return intern(box);
    }
}

uint32_t Boxes::after_text(uint32_t number, uint32_t text, bool is_key, bool is_quoted, TextStore& texts) {
    Box box = boxes_[number];
    std::vector<uint32_t> reversed;
    uint32_t root = text;
    for (; root > TextStore::UNLIKE; root = texts.parent(root)) reversed.push_back(texts.byte(root));
    if (box.kind == IS_NUMBER) {
        for (auto byte = reversed.rbegin(); byte != reversed.rend(); ++byte) number = after_character(boxes_[number], *byte);
        return number;
    }
    // A unique item's text has a root of its own, and one without quotes goes on what is written already.
    const uint32_t from = is_key || is_quoted ? static_cast<uint32_t>(TextStore::EMPTY) : box.token;
    if (root != from) {
        text = from;
        for (auto byte = reversed.rbegin(); byte != reversed.rend(); ++byte) text = texts.child(text, *byte);
    }
    if (is_key) box.key = text;
    else if (is_quoted) box = with(box, value(STRING, text));
    else box.token = text;
    return intern(box);
}

// One more character of a plain decimal.
uint32_t Boxes::after_character(Box box, uint32_t byte) {
    std::vector<uint32_t> rules(rows_[box.content].begin(), rows_[box.content].end());
    for (size_t i = 0; i < rules.size() && byte != '-'; i += RULE) {
        const uint32_t digits = rules[i] >> 4, places = rules[i] & 15;
        uint32_t &remainder = rules[i + 2], &taken = rules[i + 3];
        if (byte == '.') {
            taken = 1;
        } else if (taken <= places) {
            remainder = static_cast<uint32_t>((uint64_t{10} * remainder + byte - '0') % digits);
            taken += taken > 0;
        } else if (byte != '0') {
            remainder = 0;
            taken = SPOILT;
        }
    }
    box.content = rows_.intern(rules);
    return intern(box);
}

bool Boxes::is_right(const Box& box) const {
    const auto rules = rows_[box.content];
    for (size_t i = 0; i < rules.size(); i += RULE) {
        const uint32_t digits = rules[i] >> 4, places = rules[i] & 15, taken = rules[i + 3];
        uint64_t remainder = rules[i + 2];
        for (uint32_t place = taken ? taken - 1 : 0; place < places; ++place) remainder = 10 * remainder % digits;
        if ((taken != SPOILT && remainder == 0) != (rules[i + 1] != 0)) return false;
    }
    return true;
}

uint32_t Boxes::after_step(uint32_t what_to_do, uint32_t what, uint32_t number) {
    Box box = boxes_[number];
    if (what_to_do == MULTIPLE || what_to_do == NO_MULTIPLE) {
        if (box.kind != IS_NUMBER) box = Box();
        std::vector<uint32_t> rules(rows_[box.content].begin(), rows_[box.content].end());
        rules.insert(rules.end(), {what, what_to_do == MULTIPLE, 0, 0});
        box.kind = IS_NUMBER;
        box.content = rows_.intern(rules);
        return intern(box);
    }
    if (what_to_do == NUMBER_END) return is_right(box) ? 0 : NONE;
    if (what_to_do == DISTINCT) {
        box.used = 0;
        return intern(box);
    }
    if (what_to_do == DISTINCT_END) return box.parent ? number : 0;
    box = ended(box);
    if (box.used == NONE || rows_[box.content].empty()) return NONE;
    const uint32_t item = rows_[box.content].back();
    if (rows_.has(box.used, item)) return NONE;
    box.used = rows_.with(box.used, item);
    if (!box.parent) box.content = 0;
    return intern(box);
}

uint32_t Boxes::bring_value(const Boxes& other, uint32_t value, const Texts& text) {
    const auto known = brought_.find(value);
    if (known != brought_.end()) return known->second;
    std::vector<uint32_t> row(other.rows_[value].begin(), other.rows_[value].end());
    if (row[0] == STRING || row[0] == TOKEN) {
        row[1] = text(row[1]);
    } else {
        Box made;  // built anew, since names have got other numbers
        made.kind = row[0] == OBJECT ? IS_OBJECT : IS_LIST;
        const size_t step = made.kind == IS_OBJECT ? 2 : 1;
        for (size_t i = 1; i < row.size(); i += step) {
            if (made.kind == IS_OBJECT) made.key = text(row[i]);
            made = with(made, bring_value(other, row[i + step - 1], text));
        }
        row.resize(1);
        row.insert(row.end(), rows_[made.content].begin(), rows_[made.content].end());
    }
    return brought_[value] = rows_.intern(row);
}

uint32_t Boxes::bring(const Boxes& other, uint32_t box, const Texts& text) {
    std::vector<uint32_t> chain;
    for (; box != 0; box = other.boxes_[box].parent) chain.push_back(box);
    uint32_t made = 0;
    for (; !chain.empty(); chain.pop_back()) {
        const Box& old = other.boxes_[chain.back()];
        Box copy;
        copy.parent = made;
        copy.kind = old.kind;
        const auto row = other.rows_[old.content];
        if (old.kind == IS_NUMBER) {
            copy.content = rows_.intern({row.begin(), row.end()});
            made = intern(copy);
            continue;
        }
        const size_t step = old.kind == IS_OBJECT ? 2 : 1;
        for (size_t i = 0; i < row.size(); i += step) {
            if (old.kind == IS_OBJECT) copy.key = text(row[i]);
            copy = with(copy, bring_value(other, row[i + step - 1], text));
        }
        copy.key = text(old.key);
        copy.token = text(old.token);
        if (old.used != NONE) {
            copy.used = 0;
            for (uint32_t item : other.rows_[old.used]) copy.used = rows_.with(copy.used, bring_value(other, item, text));
        }
        made = intern(copy);
    }
    return made;
}

}  // namespace structgen
