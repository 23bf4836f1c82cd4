// Decodes what stands between the quotes of a JSON string, a byte at a time: the twin of matching/decoder.py.
// Narrower encodings take steps away and change none.
// A state is a number: a mode in the low four bits and, for an unfinished \u escape, its digits so far.
#pragma once

#include <cstdint>

namespace structgen::decoder {

enum Mode : uint32_t { START = 0, ESCAPE = 8, UNIT = 9, PAIR_ESCAPE = 10, PAIR_U = 11, PAIR_UNIT = 12 };
enum What : uint32_t { DEAD, NOTHING, BYTE, CODE_POINT, END };
enum Encoding : uint8_t { RAW = 0, JSON = 1, ASCII = 2, NECESSARY = 4, ENCODINGS = 8 };  // JSON may have the bits behind it

struct Step {
    What what;
    uint32_t state;
    uint32_t value;
};

struct Range {
    uint32_t low, high;
};

// The mode after the first byte of a longer UTF-8 sequence; 0 if no sequence begins so (RFC 3629).
inline uint32_t lead(uint32_t byte) {
    if (byte < 0xC2 || byte > 0xF4) return 0;
    if (byte <= 0xDF) return 1;
    if (byte == 0xE0) return 4;
    if (byte == 0xED) return 5;
    if (byte <= 0xEF) return 2;
    if (byte == 0xF0) return 6;
    return byte == 0xF4 ? 7 : 3;
}

// The mode after a further byte; 255 if it is not allowed.
inline uint32_t continuation(uint32_t mode, uint32_t byte) {
    static constexpr uint8_t low[8] = {0, 0x80, 0x80, 0x80, 0xA0, 0x80, 0x90, 0x80};
    static constexpr uint8_t high[8] = {0, 0xBF, 0xBF, 0xBF, 0xBF, 0x9F, 0xBF, 0x8F};
    static constexpr uint8_t next[8] = {0, 0, 1, 2, 1, 1, 2, 2};
    return byte >= low[mode] && byte <= high[mode] ? next[mode] : 255;
}

inline Step step_raw(uint32_t state, uint32_t byte) {
    if (state == START) {
        if (byte < 0x80) return {BYTE, START, byte};
        uint32_t mode = lead(byte);
        return {mode ? BYTE : DEAD, mode, byte};
    }
    uint32_t mode = continuation(state, byte);
    return {mode == 255 ? DEAD : BYTE, mode, byte};
}

inline int hex(uint32_t byte) {
    if (byte >= '0' && byte <= '9') return static_cast<int>(byte - '0');
    uint32_t lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? static_cast<int>(lower - 'a' + 10) : -1;
}

constexpr int MAX_PENDING = 8;

// The ranges of code points that an unfinished escape can still become in JSON; returns how many (at most three).
inline int pending_json(uint32_t state, Range out[MAX_PENDING]) {
    uint32_t mode = state & 15, high = state >> 18;
    if (mode == ESCAPE) {
        out[0] = {0, 0xD7FF};
        out[1] = {0xE000, 0x10FFFF};
        return 2;
    }
    if (mode == PAIR_ESCAPE || mode == PAIR_U) {
        out[0] = {0x10000 + (high << 10), 0x103FF + (high << 10)};
        return 1;
    }
    uint32_t rest = 4 * (4 - ((state >> 4) & 3));
    uint32_t low = ((state >> 6) & 0xFFF) << rest, top = low + (1u << rest) - 1;
    if (mode == PAIR_UNIT) {
        if (low < 0xDC00) low = 0xDC00;
        if (top > 0xDFFF) top = 0xDFFF;
        if (low > top) return 0;
        out[0] = {0x10000 + (high << 10) + low - 0xDC00, 0x10000 + (high << 10) + top - 0xDC00};
        return 1;
    }
    int n = 0;
    if (low <= 0xD7FF) out[n++] = {low, top < 0xD7FF ? top : 0xD7FF};
    if (low <= 0xDBFF && top >= 0xD800) {
        uint32_t first = (low > 0xD800 ? low : 0xD800) - 0xD800, last = (top < 0xDBFF ? top : 0xDBFF) - 0xD800;
        out[n++] = {0x10000 + (first << 10), 0x103FF + (last << 10)};
    }
    if (top >= 0xE000) out[n++] = {low > 0xE000 ? low : 0xE000, top};
    return n;
}

// The characters that only a \u escape can write where no other escape is allowed.
inline bool needs_unit(uint8_t encoding, uint32_t point) {
    return (point < 0x20 && !(point >= 8 && point <= 13 && point != 11)) || (encoding & ASCII && point >= 0x7F);
}

// The same in an encoding; at most MAX_PENDING.
inline int pending(uint32_t state, uint8_t encoding, Range out[MAX_PENDING]) {
    if (!(encoding & NECESSARY)) return pending_json(state, out);
    static constexpr Range units[4] = {{0, 7}, {11, 11}, {14, 0x1F}, {0x7F, 0x10FFFF}};
    static constexpr Range escapes[4] = {{0, 0x1F}, {0x22, 0x22}, {0x5C, 0x5C}, {0x7F, 0x10FFFF}};
    const Range* allowed = (state & 15) == ESCAPE ? escapes : units;
    Range found[MAX_PENDING];
    int n = pending_json(state, found), kept = 0;
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < (encoding & ASCII ? 4 : 3); ++j)
            if (allowed[j].low <= found[i].high && found[i].low <= allowed[j].high)
                out[kept++] = {found[i].low > allowed[j].low ? found[i].low : allowed[j].low,
                               found[i].high < allowed[j].high ? found[i].high : allowed[j].high};
    return kept;
}

// A hexadecimal digit: the state holds how many came before (2 bits), their value (12) and the high half (10).
inline Step step_unit(uint32_t state, uint32_t mode, uint32_t byte) {
    int digit = hex(byte);
    if (digit < 0) return {DEAD, 0, 0};
    uint32_t count = (state >> 4) & 3, value = ((state >> 6) & 0xFFF) << 4 | static_cast<uint32_t>(digit);
    uint32_t high = state >> 18;
    if (count < 3) {
        uint32_t following = mode | (count + 1) << 4 | value << 6 | high << 18;
        Range ranges[MAX_PENDING];
        return {pending_json(following, ranges) ? NOTHING : DEAD, following, 0};
    }
    if (mode == PAIR_UNIT) {
        if (value >> 10 != 0x37) return {DEAD, 0, 0};
        return {CODE_POINT, START, 0x10000 + (high << 10) + (value & 0x3FF)};
    }
    if (value >> 10 == 0x36) return {NOTHING, PAIR_ESCAPE | (value & 0x3FF) << 18, 0};
    return {value >> 10 == 0x37 ? DEAD : CODE_POINT, START, value};
}

inline Step step_json(uint32_t state, uint32_t byte) {
    uint32_t mode = state & 15;
    if (mode < ESCAPE) {
        if (state == START && byte < 0x80) {
            if (byte == '"') return {END, START, 0};
            if (byte == '\\') return {NOTHING, ESCAPE, 0};
            return {byte >= 0x20 ? BYTE : DEAD, START, byte};
        }
        return step_raw(state, byte);
    }
    if (mode == ESCAPE) {
        switch (byte) {
            case 'u': return {NOTHING, UNIT, 0};
            case '"': case '\\': case '/': return {CODE_POINT, START, byte};
            case 'b': return {CODE_POINT, START, 8};
            case 'f': return {CODE_POINT, START, 12};
            case 'n': return {CODE_POINT, START, 10};
            case 'r': return {CODE_POINT, START, 13};
            case 't': return {CODE_POINT, START, 9};
            default: return {DEAD, 0, 0};
        }
    }
    if (mode == PAIR_ESCAPE) return {byte == '\\' ? NOTHING : DEAD, (state & ~15u) | PAIR_U, 0};
    if (mode == PAIR_U) return {byte == 'u' ? NOTHING : DEAD, (state & ~15u) | PAIR_UNIT, 0};
    return step_unit(state, mode, byte);
}

// A byte of a JSON string in an encoding that does not allow every spelling.
inline Step step_narrow(uint8_t encoding, uint32_t state, uint32_t byte) {
    constexpr Step dead{DEAD, 0, 0};
    const uint32_t mode = state & 15;
    if (mode == START && byte >= 0x7F && encoding & ASCII) return dead;
    const Step step = step_json(state, byte);
    if (step.what == DEAD || !(encoding & NECESSARY)) return step;
    if (mode == UNIT || mode == PAIR_UNIT) {
        if (byte >= 'A' && byte <= 'F') return dead;
        if (step.what == CODE_POINT) return needs_unit(encoding, step.value) ? step : dead;
    } else if (mode == ESCAPE && byte == '/') {
        return dead;
    }
    Range ranges[MAX_PENDING];
    return (step.state & 15) < UNIT || pending(step.state, encoding, ranges) ? step : dead;
}

inline Step step(uint8_t encoding, uint32_t state, uint32_t byte) {
    return encoding == JSON ? step_json(state, byte) : encoding == RAW ? step_raw(state, byte) : step_narrow(encoding, state, byte);
}

// The state without the digits that matter to nobody: all that is kept is whether a surrogate began.
inline uint32_t forget(uint32_t state) {
    uint32_t mode = state & 15;
    if (mode == PAIR_ESCAPE || mode == PAIR_U) return mode;
    if (mode != UNIT && mode != PAIR_UNIT) return state;
    uint32_t count = (state >> 4) & 3, value = (state >> 6) & 0xFFF, kept = 0;
    if (mode == PAIR_UNIT) {
        static constexpr uint32_t any[4] = {0, 0xD, 0xDC, 0xDC0};
        kept = any[count];
    } else if (count && value >> (4 * count - 4) == 0xD) {
        kept = count == 1 ? 0xD : value >> (4 * count - 8) >= 0xD8 ? 0xD8u << (4 * count - 8) : 0;
    }
    return mode | count << 4 | kept << 6;
}

inline int encode(uint32_t point, uint8_t out[4]) {
    if (point < 0x80) return out[0] = static_cast<uint8_t>(point), 1;
    int n = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static constexpr uint8_t first[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (int i = n - 1; i > 0; --i, point >>= 6) out[i] = static_cast<uint8_t>(0x80 | (point & 0x3F));
    out[0] = static_cast<uint8_t>(first[n] | point);
    return n;
}

}  // namespace structgen::decoder
