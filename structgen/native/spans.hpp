// Steps a span, a decoded text running through its automaton: the twin of matching/spans.py.
#pragma once

#include "decoder.hpp"
#include "names.hpp"
#include "stores.hpp"
#include "tables.hpp"

namespace structgen {

// The registers of an activation: how many items or members, which listed names (a bit set, interned beyond 32 names;
// a position in ordered objects), and the set of other texts.
struct Registers {
    uint32_t count = 0, seen = 0, texts = 0;
    uint32_t scope = 0;  // of the names; it goes through calls and returns
    bool operator==(const Registers&) const = default;
};

// The registers of a span: automaton state, decoder state, code points begun, and the text where it is remembered.
struct Reading {
    uint32_t state = 0, decoder = 0, count = 0, text = 0;
};

struct Stores {
    // Marks the bytes with which the texts of a set go on behind a prefix.
    void next_bytes(uint32_t set, uint32_t prefix, bool out[256]) const {
        std::fill(out, out + 256, false);
        for (const uint32_t* t = sets.begin(set); t != sets.end(set); ++t)
            if (*t != prefix && texts.begins_with(*t, prefix)) {
                uint32_t at = *t;
                while (texts.parent(at) != prefix) at = texts.parent(at);
                out[texts.byte(at)] = true;
            }
    }

    TextStore texts;
    SetStore sets;   // of texts
    SetStore names;  // of listed names, for objects with more than 32

    // Whether some text of a set begins with this one, or is equal to it.
    bool resembles(uint32_t set, uint32_t text) const {
        return std::any_of(sets.begin(set), sets.end(set), [&](uint32_t t) { return texts.begins_with(t, text); });
    }
};

// Which keys may still come, given what an object already holds.
class KeyRules {
public:
    KeyRules(const KeySet& keys, Stores& stores);

    uint32_t listed() const { return n_; }
    uint32_t others() const { return keys_.others; }
    bool allows(uint32_t label, const Registers& r) const;
    bool may_close(const Registers& r) const { return missing(r) == 0 && r.count >= keys_.min_count; }
    bool more(const Registers& r) const;
    Registers after(uint32_t label, uint32_t text, const Registers& r) const;

private:
    uint32_t missing(const Registers& r) const;
    uint32_t left_after(uint32_t label, const Registers& r) const;
    bool others_left(const Registers& r) const {
        return keys_.others == INFINITE || stores_.sets.size(r.texts) < keys_.others;
    }
    bool has(uint32_t seen, uint32_t label) const {
        return n_ <= 32 ? seen >> label & 1 : stores_.names.has(seen, label);
    }

    const KeySet& keys_;
    Stores& stores_;
    uint32_t n_, cap_, n_required_ = 0, n_possible_ = 0, required_bits_ = 0;
    bool counted_;
    std::vector<uint32_t> missing_, available_, barrier_;
};

class SpanReader {
public:
    SpanReader(const Dfa& dfa, const Span& span, Stores& stores, const KeyRules* keys, Scopes& scopes);

    bool begin(const Registers& r, Reading& out) const;
    // Steps a byte: true if alive (out is set) or, with `ended`, if the closing quote came.
    bool step(const Reading& in, uint32_t byte, const Registers& r, Reading& out, bool& ended) const;
    // Steps a byte of a raw text by its automaton and its bounds alone, whatever has been used or is in scope.
    bool step_alone(const Reading& in, uint32_t byte, Reading& out) const;
    int32_t label(const Reading& in, const Registers& r) const;
    Registers finish(const Reading& in, uint32_t label, const Registers& r) const;
    bool alive(const Reading& in, const Registers& r) const;
    // Whether the text may plainly go on to more texts than can have been used.
    bool rich(const Reading& in, const Registers& r) const;
    // Whether the text is part of what a box holds.
    bool boxed(const Registers& r) const { return scopes_.boxed && r.scope != 0; }
    // What may be named in a scope: of all names, or of those that a state leads to.
    uint32_t choices(uint32_t scope) const { return scopes_.choices(span.key_set, n_labels_, scope); }
    bool has(uint32_t choices, uint32_t label) const { return scopes_.chosen(choices, label); }
    bool some(uint32_t choices, uint32_t state) const {
        const auto first = dfa.labels.begin() + dfa.label_start[state], last = dfa.labels.begin() + dfa.label_start[state + 1];
        return std::any_of(first, last, [&](uint32_t label) { return has(choices, label); });
    }
    // Whether all other names that a state of the keys' automaton leads to have one label.
    bool one_other(uint32_t state) const {
        const uint32_t first = dfa.label_start[state], last = dfa.label_start[state + 1];
        return last - first == 1 || (last - first > 1 && dfa.labels[last - 2] < keys->listed());
    }

    const Span& span;
    const Dfa& dfa;
    const KeyRules* keys;
    bool tracked, free, counts;  // free: a value that may be any text

private:
    uint32_t scope_after(uint32_t label, const Registers& r) const { return scopes_.after(span.key_set + label, r.scope); }
    bool in_bounds(const Reading& in) const;
    bool kept(const Reading& in, const Registers& r) const;
    bool walk(Reading& at, const uint8_t* text, int size, bool keep) const;
    bool key_alive(const Reading& in, const Registers& r) const;
    bool unused(const Reading& in, uint32_t count, const Registers& r) const;
    bool unused_item(const Reading& in, const Registers& r) const;
    bool reaches(const Reading& in, uint32_t low, uint32_t high, const Registers& r) const;
    bool reaches_same_length(const Reading& in, uint32_t low, uint32_t high, const Registers& r) const;
    bool reaches_sequence(const Reading& in, const uint8_t* low, const uint8_t* high, int size, const Registers& r) const;

    Stores& stores_;
    Scopes& scopes_;
    uint32_t cap_, n_labels_ = 0;
};

}  // namespace structgen
