#include "names.hpp"

#include <algorithm>

namespace structgen {

namespace {
constexpr uint32_t WIDEST = 0xFFFF;
}

Scopes::Scopes(const Names* names) : names_(names), levels_(1) {
    if (!names_) return;
    for (const auto& attributes : names_->relations) relations_.push_back(rows_.intern(attributes));
    boxed = std::ranges::any_of(names_->steps, [](const NameStep& step) { return step.what_to_do >= DISTINCT; });
}

uint32_t Scopes::after(uint32_t step, uint32_t scope) {
    const uint64_t key = static_cast<uint64_t>(step + 1) << 32 | scope;
    uint32_t found = known_.find(key);
    if (found == NONE) {
        found = find(names_->steps[step], scope);
        known_.insert(key, found == NONE ? NONE - 1 : found);  // NONE itself stands for what is not known
    }
    return found == NONE - 1 ? NONE : found;
}

uint32_t Scopes::choices(uint32_t first, uint32_t number, uint32_t scope) {
    auto key = [&](uint32_t of) { return static_cast<uint64_t>(first + 1) << 32 | of; };
    uint32_t id = choice_ids_.find(key(scope));
    if (id != NONE) return id;
    const uint32_t what_to_do = names_->steps[first].what_to_do;
    const bool alike = std::all_of(names_->steps.begin() + first, names_->steps.begin() + first + number,
                                   [&](const NameStep& step) { return step.what_to_do == what_to_do; });
    const uint32_t seen = alike ? seen_by(what_to_do, scope) : scope;
    if (seen != scope) id = choice_ids_.find(key(seen));
    if (id == NONE) {
        id = static_cast<uint32_t>(choices_.size());
        choices_.push_back({first, seen, chosen_.size()});
        chosen_.resize(chosen_.size() + (number + 31) / 32);
        choice_ids_.insert(key(seen), id);
    }
    if (seen != scope) choice_ids_.insert(key(scope), id);
    return id;
}

// A scope in which a step is allowed exactly where it is in this one, and which is the same for many: without what the step
// does not look at.
uint32_t Scopes::seen_by(uint32_t what_to_do, uint32_t scope) {
    if (scope == 0) return scope;
    Level level = levels_[scope];
    switch (what_to_do) {
        case LOOSE: case QUALIFIER: case RELATION: case DECLARED: level.held = level.name = NONE; [[fallthrough]];
        case ATTRIBUTE: case NAME:
            level.results = level.width = level.target = level.stars = level.derived = 0;
            return intern(level);
        case REFER: {
            Level made;
            made.results = level.results;
            return intern(made);
        }
        default: return scope;
    }
}

uint32_t Scopes::intern(const Level& level) {
    uint64_t hash = mix(level.parent, static_cast<uint64_t>(level.phase) << 32 | level.sources);
    hash = mix(hash, static_cast<uint64_t>(level.loose) << 32 | level.held);
    hash = mix(hash, static_cast<uint64_t>(level.name) << 32 | level.results);
    hash = mix(hash, static_cast<uint64_t>(level.width) << 32 | level.target);
    hash = mix(hash, static_cast<uint64_t>(level.stars) << 33 | static_cast<uint64_t>(level.derived) << 32 | level.relations);
    return table_.intern(
        hash, [&](uint32_t id) { return levels_[id] == level; },
        [&] {
            levels_.push_back(level);
            return static_cast<uint32_t>(levels_.size() - 1);
        });
}

uint32_t Scopes::bring(const Scopes& other, uint32_t scope) {
    std::vector<uint32_t> chain;
    for (; scope != 0; scope = other.levels_[scope].parent) chain.push_back(scope);
    uint32_t made = 0;
    auto row = [&](uint32_t id) { return rows_.intern({other.rows_[id].begin(), other.rows_[id].end()}); };
    auto rows = [&](uint32_t id, size_t size) {  // lists whose second numbers are sets
        std::vector<uint32_t> list(other.rows_[id].begin(), other.rows_[id].end());
        for (size_t i = 1; i < list.size(); i += size) list[i] = row(list[i]);
        return rows_.intern(list);
    };
    for (; !chain.empty(); chain.pop_back()) {
        Level level = other.levels_[chain.back()];
        level.parent = made;
        level.sources = rows(level.sources, 3);
        level.relations = rows(level.relations, 2);
        level.loose = row(level.loose);
        level.results = row(level.results);
        if (level.held != NONE) level.held = row(level.held);
        made = intern(level);
    }
    return made;
}

// --- sets ---------------------------------------------------------------------------------------------------------------

bool Scopes::has(uint32_t set, uint32_t item) const { return rows_.has(set, item); }

bool Scopes::within(uint32_t small, uint32_t large) const { return std::ranges::includes(rows_[large], rows_[small]); }

bool Scopes::meet(uint32_t one, uint32_t other) const {
    const Row a = rows_[one];
    return std::ranges::any_of(a, [&](uint32_t x) { return has(other, x); });
}

uint32_t Scopes::minus(uint32_t one, uint32_t other) {
    std::vector<uint32_t> left;
    for (uint32_t x : rows_[one])
        if (!has(other, x)) left.push_back(x);
    return rows_.intern(left);
}

uint32_t Scopes::set_with(uint32_t set, uint32_t item) { return rows_.with(set, item); }

uint32_t Scopes::sources_with(uint32_t sources, uint32_t name, uint32_t attributes, bool declared) {
    std::vector<uint32_t> made;
    bool placed = false;
    const Row old = rows_[sources];
    for (size_t i = 0; i < old.size(); i += 3) {
        if (!placed && old[i] >= name) made.insert(made.end(), {name, attributes, declared}), placed = true;
        if (old[i] != name) made.insert(made.end(), old.begin() + static_cast<ptrdiff_t>(i), old.begin() + static_cast<ptrdiff_t>(i) + 3);
    }
    if (!placed) made.insert(made.end(), {name, attributes, declared});
    return rows_.intern(made);
}

// --- obligations --------------------------------------------------------------------------------------------------------

uint32_t Scopes::missing(const Level& level) {
    std::vector<uint32_t> left;
    const Row sources = rows_[level.sources];
    for (uint32_t x : rows_[level.loose]) {
        bool had = false;
        for (size_t i = 0; i < sources.size() && !had; i += 3) had = sources[i + 2] && has(sources[i + 1], x);
        if (!had) left.push_back(x);
    }
    return rows_.intern(left);
}

uint32_t Scopes::declared(const Level& level, uint32_t name) const {
    const Level* here = &level;
    while (true) {
        const Row relations = rows_[here->relations];
        for (size_t i = 0; i < relations.size(); i += 2)
            if (relations[i] == name) return relations[i + 1];
        if (here->parent == 0) return NONE;
        here = &levels_[here->parent];
    }
}

bool Scopes::is_own(uint32_t name) const {
    return std::ranges::find(names_->own, name) != names_->own.end() ||
           std::ranges::find(names_->declared, name) != names_->declared.end();
}

bool Scopes::some(const Level& level, uint32_t needed, uint32_t without) const {
    auto good = [&](uint32_t other) { return within(needed, other) && !meet(without, other); };
    if (std::ranges::any_of(relations_, good)) return true;
    const Level* here = &level;
    while (true) {
        const Row relations = rows_[here->relations];
        for (size_t i = 1; i < relations.size(); i += 2)
            if (good(relations[i])) return true;
        if (here->parent == 0) return false;
        here = &levels_[here->parent];
    }
}

bool Scopes::candidate(const Level& level, uint32_t name, uint32_t needed, uint32_t without) const {
    uint32_t only = NONE;
    for (size_t i = 0; i < names_->own.size(); ++i)
        if (names_->own[i] == name) only = relations_[i];
    if (only == NONE && std::ranges::find(names_->declared, name) != names_->declared.end()) {
        only = declared(level, name);
        if (only == NONE || only == 0) return false;
    }
    if (only == NONE) return some(level, needed, without);
    return within(needed, only) && !meet(without, only);
}

bool Scopes::fits(const Level& level, uint32_t attributes, uint32_t own) {
    if (!renamed(level, attributes) && (own == NONE || !takes(level, attributes, own))) return false;
    const uint32_t waiting = missing(level);
    if (meet(minus(level.loose, waiting), attributes)) return false;
    const uint32_t left = minus(waiting, attributes);
    if (left == 0) return true;
    return rows_[level.sources].size() / 3 + 1 < names_->most && some(level, left, minus(level.loose, left));
}

bool Scopes::takes(const Level& level, uint32_t attributes, uint32_t name) const {
    const Row sources = rows_[level.sources];
    for (size_t i = 0; i < sources.size(); i += 3)
        if (sources[i] == name) return !sources[i + 2] && within(sources[i + 1], attributes);
    return sources.size() / 3 < names_->most;
}

bool Scopes::renamed(const Level& level, uint32_t attributes) const {
    const Row sources = rows_[level.sources];
    if (sources.size() / 3 < names_->most) return true;
    for (size_t i = 0; i < sources.size(); i += 3)
        if (!sources[i + 2] && !is_own(sources[i]) && within(sources[i + 1], attributes)) return true;
    return false;
}

bool Scopes::feasible(const Level& level) {
    const uint32_t left = missing(level), found = minus(level.loose, left);
    const Row sources = rows_[level.sources];
    bool waiting = false;
    for (size_t i = 0; i < sources.size(); i += 3)
        if (!sources[i + 2]) {
            waiting = true;
            if (!candidate(level, sources[i], sources[i + 1], found)) return false;
        }
    return left == 0 || (!waiting && sources.size() / 3 < names_->most && some(level, left, found));
}

// --- steps --------------------------------------------------------------------------------------------------------------

uint32_t Scopes::find(const NameStep& step, uint32_t scope) {
    if (step.what_to_do >= DISTINCT) return boxes.after_step(step.what_to_do, step.what, scope);
    Level made;
    made.parent = scope;
    if (step.what_to_do == OPEN) {
        made.target = step.what;
        return intern(made);
    }
    if (scope == 0) return NONE;
    const Level level = levels_[scope];
    switch (step.what_to_do) {
        case OPEN_SOURCE:
            made.derived = 1;
            return rows_[level.sources].size() / 3 < names_->most ? intern(made) : NONE;
        case OPEN_ROW: made.phase = 3, made.target = level.width; return intern(made);
        case OPEN_LIKE: {
            Level around = level;
            made.target = around.width, around.phase = 3, made.parent = intern(around);
            return intern(made);
        }
        case CLOSE: return level.parent;
        case CLOSE_HELD: {
            if (level.parent == 0) return NONE;
            Level around = levels_[level.parent];
            around.held = level.results;
            return intern(around);
        }
        case NEXT:
            if (level.stars == 2 || level.width == 0 || level.width >= WIDEST) return NONE;
            made.parent = level.parent, made.target = level.width, made.results = level.results, made.derived = level.derived;
            return intern(made);
        case RESULT: case RESULTS_END: case STAR: case GIVES: case POSITION: case REFER: case COMPOUND: case FURTHER:
            return results_step(step, level, scope);
        case LOOSE_GIVEN: case ATTRIBUTE_GIVEN: {
            const uint32_t named = find({step.what_to_do == LOOSE_GIVEN ? LOOSE : ATTRIBUTE, step.what}, scope);
            return named == NONE ? NONE : find({GIVES, step.what}, named);
        }
        case QUALIFIER: case ATTRIBUTE: case LOOSE: return attribute_step(step, level, scope);
        default: return sources_step(step, level, scope);
    }
}

uint32_t Scopes::results_step(const NameStep& step, Level level, uint32_t scope) {
    const Level* around = level.derived && level.parent ? &levels_[level.parent] : nullptr;
    switch (step.what_to_do) {
        case RESULT:
            if (level.target && level.width >= level.target) return NONE;
            level.width = std::min(level.width + 1, WIDEST);
            return intern(level);
        case FURTHER: return level.target && level.width >= level.target ? NONE : scope;
        case RESULTS_END: {
            if (level.target && level.width != level.target) return NONE;
            if (!around) return scope;
            const Level outer = *around;
            return fits(outer, level.results, NONE) ? scope : NONE;
        }
        case STAR:
            if (level.target || level.stars == 1 || (around && around->loose)) return NONE;
            level.stars = std::max(step.what, level.stars);
            if (level.name != NONE) {
                const Row sources = rows_[level.sources];
                bool known = false;
                for (size_t i = 0; i < sources.size(); i += 3) known = known || sources[i] == level.name;
                if (!known) level.sources = sources_with(level.sources, level.name, 0, false);
            }
            level.held = level.name = NONE;
            return intern(level);
        case GIVES: {
            if (level.target) return scope;  // results have the names that the first query gives
            if (has(level.results, step.what)) return NONE;
            if (around) {
                const Level outer = *around;
                if (has(outer.loose, step.what) && !has(missing(outer), step.what)) return NONE;
            }
            level.results = set_with(level.results, step.what);
            return intern(level);
        }
        case POSITION: return step.what <= level.width && level.stars != 2 ? scope : NONE;
        case REFER: return has(level.results, step.what) ? scope : NONE;
        default:  // COMPOUND
            level.phase = 3, level.sources = 0, level.loose = 0, level.held = NONE, level.name = NONE;
            return intern(level);
    }
}

uint32_t Scopes::sources_step(const NameStep& step, Level level, uint32_t scope) {
    switch (step.what_to_do) {
        case SOURCES: level.phase = 1; return intern(level);
        case NO_SOURCES:
            if (level.stars || level.loose || level.sources) return NONE;
            level.phase = 2;
            return intern(level);
        case ALONE: {
            const Row sources = rows_[level.sources];
            if (sources.size() != 3 || !sources[2]) return NONE;
            if (level.stars) level.stars = 2;
            return intern(level);
        }
        case SOURCES_END: return sources_end(level);
        case MORE_SOURCES:
            for (size_t i = 0; i < relations_.size(); ++i)
                if (fits(level, relations_[i], names_->own[i])) return scope;
            for (Level here = level;; here = levels_[here.parent]) {
                const std::vector<uint32_t> relations(rows_[here.relations].begin(), rows_[here.relations].end());
                for (size_t i = 0; i < relations.size(); i += 2)
                    if (fits(level, relations[i + 1], relations[i])) return scope;
                if (here.parent == 0) return NONE;
            }
        case RELATION: return hold(level, relations_[step.what], names_->own[step.what]);
        case DECLARED: {
            const uint32_t found = declared(level, step.what);
            return found == NONE ? NONE : hold(level, found, step.what);
        }
        case NAME: return give_name(level, step.what);
        case RENAMED: return level.held != NONE && renamed(level, level.held) ? scope : NONE;
        case UNDECLARED: return rows_[level.relations].size() / 2 < names_->declared.size() ? scope : NONE;
        case UNGIVEN: {
            const Row sources = rows_[level.sources];
            for (size_t i = 1; i < sources.size(); i += 3)
                if (!within(sources[i], level.results)) return scope;
            return NONE;
        }
        case BEGIN_RELATION: {
            const Row relations = rows_[level.relations];
            for (size_t i = 0; i < relations.size(); i += 2)
                if (relations[i] == step.what) return NONE;
            level.name = step.what, level.phase = 2;
            return intern(level);
        }
        case END_RELATION: {
            if (level.held == NONE) return NONE;
            std::vector<uint32_t> relations(rows_[level.relations].begin(), rows_[level.relations].end());
            relations.insert(relations.end(), {level.name, level.held});
            level.relations = rows_.intern(relations);
            level.held = level.name = NONE;
            return intern(level);
        }
        default: return NONE;
    }
}

uint32_t Scopes::sources_end(Level level) {
    const std::vector<uint32_t> sources(rows_[level.sources].begin(), rows_[level.sources].end());
    for (size_t i = 2; i < sources.size(); i += 3)
        if (!sources[i]) return NONE;
    if (missing(level)) return NONE;
    if (level.stars == 1) {
        uint64_t width = level.width;
        std::vector<uint32_t> all;
        for (size_t i = 1; i < sources.size(); i += 3) {
            const Row attributes = rows_[sources[i]];
            width += attributes.size();
            all.insert(all.end(), attributes.begin(), attributes.end());
        }
        std::ranges::sort(all);
        for (size_t i = 0; i < all.size();) {
            size_t end = i + 1;
            while (end < all.size() && all[end] == all[i]) ++end;
            if (end == i + 1) level.results = set_with(level.results, all[i]);
            i = end;
        }
        level.width = static_cast<uint32_t>(std::min<uint64_t>(width, WIDEST));
    }
    level.phase = 2, level.loose = 0, level.held = NONE, level.name = NONE;
    return intern(level);
}

uint32_t Scopes::hold(Level level, uint32_t attributes, uint32_t own) {
    if (!fits(level, attributes, own)) return NONE;
    level.held = attributes, level.name = own;
    return intern(level);
}

uint32_t Scopes::give_name(Level level, uint32_t what) {
    if (what == NONE) what = level.name;
    if (level.held == NONE || what == NONE || !takes(level, level.held, what)) return NONE;
    level.sources = sources_with(level.sources, what, level.held, true);
    level.held = level.name = NONE;
    return feasible(level) ? intern(level) : NONE;
}

uint32_t Scopes::attribute_step(const NameStep& step, Level level, uint32_t scope) {
    const uint32_t what = step.what;
    if (step.what_to_do == LOOSE) return loose_step(level, what, scope);
    if (step.what_to_do == ATTRIBUTE) {
        if (level.held != NONE) {
            if (!has(level.held, what)) return NONE;
            level.held = level.name = NONE;
            return intern(level);
        }
        if (level.phase != 0) return NONE;
        uint32_t needed = 0;
        const Row sources = rows_[level.sources];
        for (size_t i = 0; i < sources.size(); i += 3)
            if (sources[i] == level.name) needed = sources[i + 1];
        needed = set_with(needed, what);
        if (!candidate(level, level.name, needed, 0)) return NONE;
        level.sources = sources_with(level.sources, level.name, needed, false);
        level.name = NONE;
        return intern(level);
    }
    bool needs = false;
    const Row own = rows_[level.sources];
    for (size_t i = 0; i < own.size(); i += 3) needs = needs || own[i] == what;
    if (level.phase == 1 || level.phase == 2) {
        for (const Level* here = &level;;) {
            const Row sources = rows_[here->sources];
            for (size_t i = 0; i < sources.size(); i += 3)
                if (sources[i] == what && sources[i + 2]) {
                    if (sources[i + 1] == 0) return NONE;
                    Level made = level;
                    made.name = what, made.held = sources[i + 1];
                    return intern(made);
                }
            if (here->parent == 0) return NONE;
            here = &levels_[here->parent];
            if (here->phase != 2) return NONE;
        }
    }
    if (level.phase != 0 || level.loose) return NONE;
    if (!needs && (own.size() / 3 >= names_->most || !candidate(level, what, 0, 0))) return NONE;
    level.name = what, level.held = NONE;
    return intern(level);
}

uint32_t Scopes::loose_step(Level level, uint32_t what, uint32_t scope) {
    auto providers = [&](const Level& here, bool all) {
        const Row sources = rows_[here.sources];
        size_t found = 0;
        for (size_t i = 0; i < sources.size(); i += 3) found += (all || sources[i + 2]) && has(sources[i + 1], what);
        return found;
    };
    if (level.phase == 0) {
        if (level.sources) return NONE;
        level.loose = set_with(level.loose, what);
        return some(level, level.loose, 0) ? intern(level) : NONE;
    }
    if (level.phase == 1) {
        if (providers(level, false) != 1) return NONE;
        level.loose = set_with(level.loose, what);
        return feasible(level) ? intern(level) : NONE;
    }
    for (const Level* here = &level; here->phase == 2; here = &levels_[here->parent]) {
        const size_t found = providers(*here, true);
        if (found) return found == 1 ? scope : NONE;
        if (here->parent == 0) return NONE;
    }
    return NONE;
}

}  // namespace structgen
