// What a text automaton alone says about tokens, computed once per state and shared by every grammar that uses it.
//
// A token either stays inside the text (`inside`), or contains the closing quote and is judged by what stands in front of
// it (`leavers`); what stands behind the quote is the grammar's business.
//
// Most automata do not tell letters apart, so the tokens are walked by the classes of their characters: 131,072 tokens of
// Tekken have some 10,000 class prefixes instead of 266,312 byte prefixes. Where an automaton does tell the characters of
// a class apart, the tokens below are run one by one, or all of them byte by byte if that happens at the first character.
#pragma once

#include <array>
#include <vector>

#include "spans.hpp"

namespace structgen {

// The bounds of a text's length and how much of it is there; without bounds {0, 0, INFINITE}.
struct Lengths {
    uint32_t count = 0, least = 0, most = INFINITE;
};

struct Part {
    const uint32_t* base = nullptr;        // a row, or NULL for none
    std::vector<uint32_t> added, removed;  // the difference to it
    std::vector<uint32_t> row;             // what base points to, unless it is the vocabulary's row
    struct Leaver {
        uint32_t token, group;  // of the suffix behind its closing quote
        int32_t label;          // of the text in front of it
    };
    std::vector<Leaver> leavers;
    uint64_t steps = 0;                    // nodes visited to make it

    size_t bytes() const { return 4 * (added.size() + removed.size() + row.size()) + 12 * leavers.size(); }
};

// Whether every character beyond ASCII leads from a state back to it.
bool returns_beyond_ascii(const Dfa& dfa, uint32_t state);

Part make_part(Vocabulary& vocabulary, const Dfa& dfa, ClassRows& rows, uint8_t encoding, uint32_t state, Lengths lengths);

}  // namespace structgen
