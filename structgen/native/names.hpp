// Names in scope: the twin of matching/names.py. What a scope and its steps are, grammar/names.py says.
#pragma once

#include <span>
#include <vector>

#include "boxes.hpp"

namespace structgen {

enum Do : uint32_t {
    OPEN, CLOSE, CLOSE_HELD, SOURCES, SOURCES_END, NO_SOURCES, MORE_SOURCES, RELATION, DECLARED, NAME, QUALIFIER, ATTRIBUTE, LOOSE,
    RESULT, RESULTS_END, STAR, GIVES, NEXT, COMPOUND, POSITION, REFER, BEGIN_RELATION, END_RELATION, OPEN_SOURCE, OPEN_ROW,
    OPEN_LIKE, LOOSE_GIVEN, ATTRIBUTE_GIVEN, ALONE, FURTHER, RENAMED, UNDECLARED, UNGIVEN, DISTINCT, DISTINCT_END,
    ITEM_END, MULTIPLE, NO_MULTIPLE, NUMBER_END, STEPS
};

struct NameStep {
    uint32_t what_to_do, what;
};

// What there is to name; see grammar.names.Names.
struct Names {
    std::vector<std::vector<uint32_t>> relations;
    std::vector<uint32_t> own, declared;
    uint32_t most = 8;
    std::vector<NameStep> steps;
};

// One open query. Sets and lists are numbers of rows: sources are rows of (name, attributes, declared), relations of
// (name, attributes). Scope 0 is no query at all.
struct Level {
    uint32_t parent = 0, phase = 0, sources = 0, loose = 0, held = NONE, name = NONE, results = 0, width = 0, target = 0,
             stars = 0, relations = 0, derived = 0;
    bool operator==(const Level&) const = default;
};

class Scopes {
public:
    explicit Scopes(const Names* names);
    // The scope behind a step, NONE where it is not allowed.
    uint32_t after(uint32_t step, uint32_t scope);
    // Which of the steps from `first` on are allowed in a scope, found as they are asked for: a number for `chosen`.
    uint32_t choices(uint32_t first, uint32_t number, uint32_t scope);
    bool chosen(uint32_t choices, uint32_t label) {
        Choices& of = choices_[choices];
        uint64_t& bits = chosen_[of.at + label / 32];
        const uint32_t bit = 2 * (label % 32);
        if (!(bits >> bit & 1)) bits |= (find(names_->steps[of.first + label], of.scope) == NONE ? 1ull : 3ull) << bit;
        return bits >> bit & 2;
    }
    size_t bytes() const {
        return sizeof(Level) * levels_.size() + rows_.bytes() + table_.bytes() + known_.bytes() + choice_ids_.bytes() +
               sizeof(Choices) * choices_.size() + 8 * chosen_.size() + boxes.bytes();
    }
    Boxes boxes;
    bool boxed = false;  // whether scopes are boxes: no grammar has both
    // The number here of a scope of another store.
    uint32_t bring(const Scopes& other, uint32_t scope);

private:
    using Row = std::span<const uint32_t>;
    uint32_t find(const NameStep& step, uint32_t scope);
    uint32_t intern(const Level& level);
    uint32_t results_step(const NameStep& step, Level level, uint32_t scope);
    uint32_t sources_step(const NameStep& step, Level level, uint32_t scope);
    uint32_t attribute_step(const NameStep& step, Level level, uint32_t scope);
    uint32_t sources_end(Level level);
    uint32_t hold(Level level, uint32_t attributes, uint32_t own);
    uint32_t give_name(Level level, uint32_t what);
    uint32_t loose_step(Level level, uint32_t what, uint32_t scope);
    uint32_t set_with(uint32_t set, uint32_t item);
    uint32_t sources_with(uint32_t sources, uint32_t name, uint32_t attributes, bool declared);
    bool has(uint32_t set, uint32_t item) const;
    bool within(uint32_t small, uint32_t large) const;
    bool meet(uint32_t one, uint32_t other) const;
    uint32_t minus(uint32_t one, uint32_t other);
    uint32_t missing(const Level& level);
    bool fits(const Level& level, uint32_t attributes, uint32_t own);
    bool takes(const Level& level, uint32_t attributes, uint32_t name) const;
    bool renamed(const Level& level, uint32_t attributes) const;
    bool some(const Level& level, uint32_t needed, uint32_t without) const;
    bool feasible(const Level& level);
    bool candidate(const Level& level, uint32_t name, uint32_t needed, uint32_t without) const;
    bool is_own(uint32_t name) const;
    uint32_t declared(const Level& level, uint32_t name) const;

    const Names* names_;
    std::vector<uint32_t> relations_;
    std::vector<Level> levels_;
    RowStore rows_;
    IdTable table_;
    struct Choices {
        uint32_t first, scope;
        size_t at;  // of chosen_
    };
    uint32_t seen_by(uint32_t what_to_do, uint32_t scope);

    KeyMap known_, choice_ids_;
    std::vector<Choices> choices_;
    std::vector<uint64_t> chosen_;  // two bits a step: known, allowed
};

}  // namespace structgen
