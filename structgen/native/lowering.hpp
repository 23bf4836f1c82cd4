// Lowers a grammar's nodes to tables without a step in between: the twin of automaton/lower.py, which explains it. The
// only file of the engine that reads Python objects. What it does not know it refuses, and Python lowers the grammar: a
// kind of node or a field that came later, an impossible part (which has to be pruned), a limit that is exceeded.
#pragma once

#include <nanobind/stl/shared_ptr.h>

#include "matcher.hpp"
#include "nodes.hpp"

namespace structgen {

// Numbers by three words. Clearing costs nothing, so that one is used for grammar after grammar.
class NumberMap {
public:
    struct Key {
        uint64_t a, b, c;
        bool operator==(const Key&) const = default;
    };
    const uint32_t* find(const Key& key) const {
        if (slots_.empty()) return nullptr;
        for (size_t i = hash(key) & (slots_.size() - 1); slots_[i].age == age_; i = (i + 1) & (slots_.size() - 1))
            if (slots_[i].key == key) return &slots_[i].value;
        return nullptr;
    }
    void insert(const Key& key, uint32_t value) {
        if (2 * ++count_ > slots_.size()) grow();
        place(key, value);
    }
    void clear() { ++age_, count_ = 0; }

private:
    struct Slot {
        Key key;
        uint32_t value, age;
    };
    static uint64_t hash(const Key& key) { return mix(mix(key.a, key.b), key.c); }
    void place(const Key& key, uint32_t value) {
        size_t i = hash(key) & (slots_.size() - 1);
        while (slots_[i].age == age_) i = (i + 1) & (slots_.size() - 1);
        slots_[i] = {key, value, age_};
    }
    void grow() {
        std::vector<Slot> old(std::max<size_t>(128, 2 * slots_.size()));
        old.swap(slots_);
        for (const Slot& slot : old)
            if (slot.age == age_) place(slot.key, slot.value);
    }
    std::vector<Slot> slots_;
    size_t count_ = 0;
    uint32_t age_ = 1;
};

// The lowering for one vocabulary, with what grammars share: automata of texts, and the states of common rules.
class Lowering {
public:
    // `classes`: one entry per Lowering::Class: None, or (class, names of fields, ((name, default) of others, ...)).
    // The rest answers what Python knows: automaton.languages' text_language, key_language and item_languages.
    Lowering(nanobind::list classes, nanobind::dict encodings, nanobind::object language, nanobind::object keys, nanobind::object items);
    Lowering(const Lowering&) = delete;
    Lowering& operator=(const Lowering&) = delete;
    ~Lowering();

    // (Grammar, [automaton or names], {state: origin}), or None where Python has to lower the grammar.
    nanobind::object lower(std::shared_ptr<Vocabulary> vocabulary, nanobind::handle grammar, nanobind::handle limits,
                           nanobind::handle native_dfa, uint64_t most_states, const Limits& engine_limits);

private:
    enum Class { GRAMMAR, REF, TEXT, SEQ, ALT, MEMBERS, ITEMS, STR, REPEAT, CHARS, AND, NOT, SUBSTRINGS, N_CLASSES };
    struct Language {
        nanobind::object body, dfa;  // kept, since both are known by address
        std::shared_ptr<const Dfa> native;
        uint32_t least = 0, most = 0;
    };
    struct Pending {
        enum Body { AS_NODE, AS_MEMBER, AS_REFERENCE } body;
        uint32_t start;
        PyObject *node, *colon;  // of a member: its value and the colon; of a reference: the name of the rule
    };
    // What is left of one lowering for the next: memory.
    struct Work {
        NumberMap map;
        std::vector<Pending> pending;
    };

    // The tables of a rule that many grammars share, and where everything is in them.
    struct Template {
        nanobind::object node, name, automata;
        Tables tables;
        NumberMap map;
        uint32_t returned = 0;
    };
    class Builder;

    std::shared_ptr<const Template> common_of(PyObject* name, PyObject* rules, nanobind::handle limits,
                                              nanobind::handle native_dfa, uint64_t most_states);

    NodeClass classes_[N_CLASSES];
    nanobind::dict encodings_;  // numbers by name
    nanobind::object language_, keys_, items_;
    NumberMap known_;  // of texts, in languages_
    std::vector<std::shared_ptr<const Language>> languages_;
    std::vector<std::shared_ptr<const Template>> templates_;
    std::unique_ptr<Work> spare_;
};

}  // namespace structgen
