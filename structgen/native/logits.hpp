// Writes -inf over logits whose bit in a mask is 0: one pass over the row, reading only what is written.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace structgen {

// For each octet of a mask, lowest bit first, all ones where its bit is 1.
template <class T>
struct Keep {
    T of[256][8];
    constexpr Keep() : of{} {
        for (unsigned octet = 0; octet < 256; ++octet)
            for (unsigned bit = 0; bit < 8; ++bit) of[octet][bit] = octet >> bit & 1 ? static_cast<T>(~T{0}) : T{0};
    }
};
template <class T>
inline constexpr Keep<T> keep_of;

// A row of `columns` logits of one width; `infinity` is -inf as an integer of that width. Word w of the mask has the bits of
// the columns from 32 * w on, the lowest bit first; columns beyond the last word are forbidden.
template <class T>
void forbid_row(T* logits, size_t columns, const uint32_t* mask, size_t words, T infinity) {
    const size_t whole = columns / 32 < words ? columns / 32 : words;
    for (size_t word = 0; word < whole; ++word) {
        T* out = logits + 32 * word;
        uint32_t forbidden = ~mask[word];
        if (forbidden == 0xFFFFFFFFu) {
            for (size_t i = 0; i < 32; ++i) out[i] = infinity;
        } else if (std::popcount(forbidden) <= 8) {
            for (; forbidden; forbidden &= forbidden - 1) out[std::countr_zero(forbidden)] = infinity;
        } else {  // without a branch: it would be guessed wrong half the time
            for (size_t octet = 0; octet < 4; ++octet, out += 8) {
                const T* keep = keep_of<T>.of[mask[word] >> (8 * octet) & 0xFF];
                for (size_t i = 0; i < 8; ++i) out[i] = static_cast<T>(((out[i] ^ infinity) & keep[i]) ^ infinity);
            }
        }
    }
    for (size_t column = 32 * whole; column < columns; ++column)
        if (column / 32 >= words || !(mask[column / 32] >> (column % 32) & 1)) logits[column] = infinity;
}

}  // namespace structgen
