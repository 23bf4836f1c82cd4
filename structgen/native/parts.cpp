#include "parts.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace structgen {

namespace {
// The state behind any character of a class: the same for all of them, NONE for none, or MIXED.
constexpr uint32_t MIXED = 0xFFFFFFFE, UNSEEN = 0xFFFFFFFD;
constexpr uint32_t SPACES[] = {0xA0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006,
                               0x2007, 0x2008, 0x2009, 0x200A, 0x202F, 0x205F, 0x3000, 0xFEFF};
}  // namespace

uint32_t ClassTrie::of(uint32_t byte) {
    if (byte >= 0x80) {
        if (byte == 0x2028 || byte == 0x2029) return LINE;
        return std::find(std::begin(SPACES), std::end(SPACES), byte) != std::end(SPACES) ? SPACE : BEYOND;
    }
    if (byte >= 'a' && byte <= 'f') return 0;
    if (byte >= 'g' && byte <= 'z') return 1;
    if (byte >= 'A' && byte <= 'F') return 2;
    if (byte >= 'G' && byte <= 'Z') return 3;
    if (byte >= '0' && byte <= '9') return 4;
    static constexpr uint8_t skipped[5] = {'0', 'A', 'G', 'a', 'g'};  // first bytes of the classes above, ascending
    static constexpr uint8_t widths[5] = {10, 6, 20, 6, 20};
    uint32_t cls = OTHERS + byte;
    for (int i = 0; i < 5; ++i)
        if (byte >= skipped[i] + widths[i]) cls -= widths[i];
    return cls;
}

ClassTrie::ClassTrie(const Vocabulary& vocabulary) {
    std::vector<std::pair<std::string, uint32_t>> signatures;
    std::vector<std::pair<std::string_view, uint32_t>> odd_texts;
    for (uint32_t i = 0; i + 1 < vocabulary.trie.first.size(); ++i)
        for (uint32_t j = vocabulary.trie.first[i]; j < vocabulary.trie.first[i + 1]; ++j) {
            const uint32_t token = vocabulary.trie.items[j];
            const std::string_view text = vocabulary.text(token);
            std::string signature;
            uint32_t mode = decoder::START, point = 0;
            bool whole = true;
            for (char c : text) {
                const uint32_t byte = static_cast<uint8_t>(c);
                const decoder::Step step = decoder::step_raw(mode, byte);
                if (step.what == decoder::DEAD) whole = false;
                if (!whole) break;
                if (mode == decoder::START) point = byte < 0x80 ? byte : byte < 0xE0 ? byte & 31 : byte < 0xF0 ? byte & 15 : byte & 7;
                else point = point << 6 | (byte & 63);
                mode = step.state;
                if (mode == decoder::START) signature.push_back(static_cast<char>(of(point)));
            }
            whole = whole && mode == decoder::START;
            if (whole) signatures.emplace_back(std::move(signature), token);
            if (!whole || text.find('\\') != text.npos) odd_texts.emplace_back(text, token);
        }
    std::sort(signatures.begin(), signatures.end());
    std::vector<std::pair<std::string_view, uint32_t>> sorted(signatures.begin(), signatures.end());
    trie.build(sorted);
    odd.build(odd_texts);
    row.assign(vocabulary.words(), 0u);
    for (uint32_t t : trie.items) row[t >> 5] |= 1u << (t & 31);
}

// The state behind any code point of a range; NONE for none, MIXED where they differ.
static uint32_t range_step(const Dfa& dfa, uint32_t state, uint32_t low, uint32_t high) {
    uint8_t first[4], last[4];
    const int size = decoder::encode(low, first);
    decoder::encode(high, last);
    uint32_t found = UNSEEN;
    // The ranges used here run over whole trailing bytes, so every byte runs over a range of its own.
    auto go = [&](auto&& self, uint32_t at, int i) -> void {
        if (found == MIXED) return;
        uint32_t before = MIXED;  // bytes with one target are as good as one of them
        for (uint32_t byte = first[i]; byte <= last[i] && found != MIXED; ++byte) {
            const uint32_t target = dfa.step(at, byte);
            if (target == before) continue;
            before = target;
            if (target != NONE && i + 1 < size) self(self, target, i + 1);
            else found = found == UNSEEN || found == target ? target : MIXED;
        }
    };
    go(go, state, 0);
    return found;
}

// The state behind every character beyond ASCII but the listed spaces and line ends.
static uint32_t beyond_step(const Dfa& dfa, uint32_t state) {
    static constexpr uint32_t pieces[][2] = {
        {0x80, 0x9F}, {0xA1, 0xBF}, {0xC0, 0x7FF}, {0x800, 0xFFF}, {0x1000, 0x15FF}, {0x1600, 0x163F}, {0x1640, 0x167F},
        {0x1681, 0x16BF}, {0x16C0, 0x1FFF}, {0x200B, 0x2027}, {0x202A, 0x202E}, {0x2030, 0x203F}, {0x2040, 0x205E},
        {0x2060, 0x207F}, {0x2080, 0x2FFF}, {0x3001, 0x303F}, {0x3040, 0x3FFF}, {0x4000, 0xCFFF}, {0xD000, 0xD7FF},
        {0xE000, 0xEFFF}, {0xF000, 0xFEBF}, {0xFEC0, 0xFEFE}, {0xFF00, 0xFFFF}, {0x10000, 0x3FFFF}, {0x40000, 0xFFFFF},
        {0x100000, 0x10FFFF}};
    uint32_t found = UNSEEN;
    for (const auto& piece : pieces) {
        const uint32_t target = range_step(dfa, state, piece[0], piece[1]);
        if (target == MIXED || (found != UNSEEN && found != target)) return MIXED;
        found = target;
    }
    return found;
}

static ClassRow class_row(const Dfa& dfa, uint32_t state) {
    ClassRow row;
    row.fill(UNSEEN);
    auto merge = [&](uint32_t cls, uint32_t target) {
        row[cls] = row[cls] == UNSEEN || row[cls] == target ? target : MIXED;
    };
    for (uint32_t byte = 0; byte < 128; ++byte) merge(ClassTrie::of(byte), dfa.step(state, byte));
    row[ClassTrie::BEYOND] = beyond_step(dfa, state);
    for (uint32_t space : SPACES) merge(ClassTrie::SPACE, range_step(dfa, state, space, space));
    merge(ClassTrie::LINE, range_step(dfa, state, 0x2028, 0x2029));
    return row;
}

namespace {

class PartMaker {
public:
    PartMaker(Vocabulary& vocabulary, const Dfa& dfa, ClassRows& rows, uint8_t encoding, uint32_t state, Lengths lengths)
        : vocabulary_(vocabulary), classes_(vocabulary.classes()), dfa_(dfa), encoding_(encoding), json_(encoding != decoder::RAW), start_(state),
          lengths_(lengths), counts_(lengths.least > 0 || lengths.most != INFINITE), rows_(rows) {
        rows_.resize(dfa.n_states());
    }

    Part make() {
        by_class();
        in_bytes(classes_.odd, false);
        if (json_) in_bytes(vocabulary_.leaving, true);
        settle();
        return std::move(part_);
    }

private:
    const ClassRow& row(uint32_t state) {
        auto& found = rows_[state];
        if (!found) found = std::make_unique<ClassRow>(class_row(dfa_, state));
        return *found;
    }

    // Whether some end is allowed after `count` characters in a state.
    bool alive(uint32_t state, uint32_t count) const {
        if (!counts_) return true;
        const uint64_t total = static_cast<uint64_t>(lengths_.count) + count;
        if (total > lengths_.most) return false;
        const uint64_t need = lengths_.least > total ? lengths_.least - total : 0;
        return std::max<uint64_t>(need, dfa_.min_length[state]) <=
               std::min<uint64_t>(lengths_.most - total, dfa_.max_length[state]);
    }
    // Whether a byte of the text may stand as it is.
    bool is_plain(uint32_t byte) const {
        if (!json_) return true;
        return byte >= 0x20 && byte != '"' && byte != '\\' && (byte < 0x7F || !(encoding_ & decoder::ASCII));
    }
    void take(const Trie& trie, uint32_t first, uint32_t last) {  // nodes
        for (uint32_t i = trie.first[first]; i < trie.first[last]; ++i) taken_.push_back(trie.items[i]);
    }
    // The same for nodes of the class trie, in ranges of its items: most masks take half of them or more.
    void take_classes(uint32_t first, uint32_t last) {
        const uint32_t low = classes_.trie.first[first], high = classes_.trie.first[last];
        if (low == high) return;
        in_ranges_ += high - low;
        if (!ranges_.empty() && ranges_.back().second == low) ranges_.back().second = high;
        else ranges_.emplace_back(low, high);
    }

    void by_class() {
        const Trie& trie = classes_.trie;
        const uint32_t quote = ClassTrie::of('"'), backslash = ClassTrie::of('\\');
        constexpr uint32_t control = ClassTrie::OTHERS + 0x20;  // bytes 0 to 31 are the first of the other classes
        // DEL is the last of the other classes; it and what is beyond ASCII may have to be escaped.
        const uint32_t beyond = encoding_ & decoder::ASCII ? ClassTrie::of(0x7F) : ClassTrie::CLASSES;
        std::vector<const ClassRow*> path(1, &row(start_));
        for (uint32_t node = 0; node < trie.size();) {
            ++part_.steps;
            const uint32_t depth = trie.depth[node], cls = trie.byte[node];
            uint32_t target = NONE;
            if (!json_ || (cls != quote && cls != backslash && !(cls >= ClassTrie::OTHERS && cls < control) && cls < beyond))
                target = (*path[depth])[cls];
            if (target == MIXED) {
                if (depth == 0) by_byte(cls);
                else one_by_one(trie, node);
                target = NONE;
            }
            if (target == NONE || !alive(target, depth + 1)) {
                node = trie.end[node];
                continue;
            }
            if (dfa_.open[target] && !counts_ && !json_) {
                take_classes(node, trie.end[node]);
                node = trie.end[node];
                continue;
            }
            take_classes(node, node + 1);
            if (path.size() <= depth + 1) path.resize(depth + 2);
            path[depth + 1] = &row(target);
            ++node;
        }
    }

    void one_by_one(const Trie& trie, uint32_t node) {
        for (uint32_t i = trie.first[node]; i < trie.first[trie.end[node]]; ++i)
            if (runs(vocabulary_.text(trie.items[i]))) taken_.push_back(trie.items[i]);
    }

    // A whole token of well-formed characters, run from the start.
    bool runs(std::string_view text) {
        uint32_t state = start_, count = 0;
        part_.steps += text.size();
        for (char c : text) {
            const uint32_t byte = static_cast<uint8_t>(c);
            if (!is_plain(byte)) return false;
            state = dfa_.step(state, byte);
            if (state == NONE) return false;
            count += (byte & 0xC0) != 0x80;
        }
        return alive(state, count);
    }

    // The tokens that begin with a character of a class, in their bytes.
    void by_byte(uint32_t cls) {
        if (cls >= ClassTrie::BEYOND) {
            if (!beyond_done_) by_byte(0xC2, 0xF4);
            beyond_done_ = true;
            return;
        }
        for (uint32_t byte = 0; byte < 128; ++byte)
            if (ClassTrie::of(byte) == cls && dfa_.step(start_, byte) != NONE) by_byte(byte, byte);
    }

    void by_byte(uint32_t first, uint32_t last) {
        const Trie& trie = vocabulary_.trie;
        struct Level {
            uint32_t state, mode, count;
        };
        std::vector<Level> path(1, Level{start_, decoder::START, 0});
        for (uint32_t node = trie.root[first]; node < trie.root[last + 1];) {
            ++part_.steps;
            const uint32_t depth = trie.depth[node], byte = trie.byte[node];
            const Level here = path[depth];
            uint32_t state = NONE;
            decoder::Step step{decoder::DEAD, 0, 0};
            if (is_plain(byte)) step = decoder::step_raw(here.mode, byte);
            if (step.what != decoder::DEAD) state = dfa_.step(here.state, byte);
            const uint32_t count = here.count + ((byte & 0xC0) != 0x80);
            if (state == NONE || !alive(state, count)) {
                node = trie.end[node];
                continue;
            }
            take(trie, node, node + 1);
            if (path.size() <= depth + 1) path.resize(depth + 2);
            path[depth + 1] = {state, step.state, count};
            ++node;
        }
    }

    // Tokens with escapes, incomplete characters or a closing quote, through the string's own reader.
    void in_bytes(const Trie& trie, bool leaving) {
        const Span span{0, encoding_, VALUE, lengths_.least, lengths_.most, 0};
        Stores stores;
        Scopes scopes(nullptr);
        const SpanReader reader(dfa_, span, stores, nullptr, scopes);
        std::vector<Reading> path(1, Reading{start_, decoder::START, lengths_.count, 0});
        for (uint32_t node = 0; node < trie.size();) {
            ++part_.steps;
            const uint32_t depth = trie.depth[node];
            Reading following;
            bool ended = false;
            const bool alive = reader.step(path[depth], trie.byte[node], {}, following, ended);
            const int32_t label = ended && leaving ? reader.label(path[depth], {}) : -1;
            if (label >= 0)
                for (uint32_t i = trie.first[node]; i < trie.first[trie.end[node]]; ++i)
                    part_.leavers.push_back({trie.items[i], vocabulary_.group_of(trie.items[i]), label});
            if (ended || !alive) {
                node = trie.end[node];
                continue;
            }
            if (!leaving) take(trie, node, node + 1);
            if (path.size() <= depth + 1) path.resize(depth + 2);
            path[depth + 1] = following;
            ++node;
        }
    }

    // As a short list, as a difference to the row of all strings, or as a row of its own: whichever is shortest.
    void settle() {
        const uint32_t words = vocabulary_.words();
        const std::vector<uint32_t>& items = classes_.trie.items;
        if (taken_.size() + in_ranges_ <= words / 4) {
            for (auto [low, high] : ranges_) taken_.insert(taken_.end(), items.begin() + low, items.begin() + high);
            std::sort(taken_.begin(), taken_.end());
            taken_.erase(std::unique(taken_.begin(), taken_.end()), taken_.end());
            part_.added = std::move(taken_);
            return;
        }
        auto flip = [&](uint32_t low, uint32_t high) {
            for (uint32_t i = low; i < high; ++i) part_.row[items[i] >> 5] ^= 1u << (items[i] & 31);
        };
        if (in_ranges_ > items.size() / 2) {  // clear the rest instead
            part_.row = classes_.row;
            uint32_t at = 0;
            for (auto [low, high] : ranges_) flip(at, low), at = high;
            flip(at, static_cast<uint32_t>(items.size()));
        } else {
            part_.row.assign(words, 0u);
            for (auto [low, high] : ranges_) flip(low, high);
        }
        for (uint32_t t : taken_) part_.row[t >> 5] |= 1u << (t & 31);
        const uint32_t* common = vocabulary_.inside(INFINITE, json_ ? encoding_ : uint8_t{decoder::JSON});
        size_t difference = 0;
        for (uint32_t w = 0; w < words; ++w) difference += static_cast<size_t>(std::popcount(part_.row[w] ^ common[w]));
        part_.base = part_.row.data();
        if (difference > words / 2) return;
        for (uint32_t w = 0; w < words; ++w)
            for (uint32_t bits = part_.row[w] ^ common[w]; bits; bits &= bits - 1) {
                const uint32_t bit = static_cast<uint32_t>(std::countr_zero(bits));
                (part_.row[w] >> bit & 1 ? part_.added : part_.removed).push_back(32 * w + bit);
            }
        part_.base = common;
        part_.row = {};
    }

    Vocabulary& vocabulary_;
    const ClassTrie& classes_;
    const Dfa& dfa_;
    const uint8_t encoding_;
    const bool json_;
    const uint32_t start_;
    const Lengths lengths_;
    const bool counts_;
    bool beyond_done_ = false;
    ClassRows& rows_;
    std::vector<std::pair<uint32_t, uint32_t>> ranges_;  // of the class trie's items
    size_t in_ranges_ = 0;
    std::vector<uint32_t> taken_;
    Part part_;
};

}  // namespace

bool returns_beyond_ascii(const Dfa& dfa, uint32_t state) {
    const ClassRow row = class_row(dfa, state);
    return row[ClassTrie::BEYOND] == state && row[ClassTrie::SPACE] == state && row[ClassTrie::LINE] == state;
}

Part make_part(Vocabulary& vocabulary, const Dfa& dfa, ClassRows& rows, uint8_t encoding, uint32_t state, Lengths lengths) {
    return PartMaker(vocabulary, dfa, rows, encoding, state, lengths).make();
}

}  // namespace structgen
