// Regular nodes to a minimal automaton over classes of code points: see automaton/dfa_subset.py and dfa_classes.py.
#include <algorithm>
#include <unordered_map>

#include "automata.hpp"

namespace structgen::automata {

namespace {

// An automaton with free moves, grown part by part; state 0 is the start.
struct Nondeterministic {
    struct Move {
        uint32_t from, list, target;
    };
    uint32_t size = 1;
    std::vector<Move> moves;
    std::vector<Pair> free;
    std::vector<std::pair<uint32_t, int32_t>> accept;
};

class Construction {
public:
    Construction(const Regular& regular, Alphabet& alphabet, Budget& budget)
        : regular_(regular), alphabet_(alphabet), budget_(budget) {}

    std::shared_ptr<const Rows> rows(uint32_t number, uint64_t depth) {
        budget_.check_depth(depth);
        const Regular::Node& node = regular_.nodes[number];
        if (node.form == Form::AND || node.form == Form::NOT) {
            auto found = known_.find(number);
            if (found == known_.end())
                found = known_.emplace(number, std::make_shared<const Rows>(
                    node.form == Form::AND ? product(node, depth) : complement(*rows(regular_.parts[node.first], depth + 1))
                )).first;
            return found->second;
        }
        if (node.form == Form::SUBSTRINGS) return std::make_shared<const Rows>(substrings(node));
        Nondeterministic source;
        const uint32_t end = add(source, number, 0, depth);
        source.accept.emplace_back(end, 0);
        return std::make_shared<const Rows>(minimised(determinised(source), budget_));
    }

    Rows labelled(const std::vector<std::pair<int32_t, uint32_t>>& languages) {
        Nondeterministic source;
        for (const auto& [label, node] : languages) {  // each behind a state of its own, so that no loop leads into another
            const uint32_t fork = source.size++;
            source.free.emplace_back(0, fork);
            source.accept.emplace_back(add(source, node, fork, 1), label);
        }
        return minimised(determinised(source), budget_);
    }

private:
    uint32_t state(Nondeterministic& source) {
        if (!(++source.size & 1023)) budget_.check_parts(source.size);
        return source.size - 1;
    }

    // Adds a part that begins in `entry`; the state in which it ends.
    uint32_t add(Nondeterministic& source, uint32_t number, uint32_t entry, uint64_t depth) {
        const Regular::Node& node = regular_.nodes[number];
        if (node.form == Form::CHARS) {
            const uint32_t leaf = state(source);
            if (!regular_.sets[node.first].empty()) source.moves.push_back({entry, node.first, leaf});
            return leaf;
        }
        if (node.form == Form::STR) {
            for (uint32_t i = 0; i < node.count; ++i) entry = character(source, regular_.points[node.first + i], entry);
            return entry;
        }
        budget_.check_depth(depth);
        switch (node.form) {
            case Form::SEQ:
                for (uint32_t i = 0; i < node.count; ++i) entry = add(source, regular_.parts[node.first + i], entry, depth + 1);
                return entry;
            case Form::ALT: return options(source, node, entry, depth);
            case Form::REPEAT: return repeat(source, node, entry, depth);
            default: return part(source, *rows(number, depth + 1), entry);
        }
    }

    uint32_t character(Nondeterministic& source, uint32_t point, uint32_t entry) {
        const uint32_t following = state(source);
        source.moves.push_back({entry, alphabet_.single(point), following});
        return following;
    }

    // Options side by side; literal ones share their beginnings.
    uint32_t options(Nondeterministic& source, const Regular::Node& node, uint32_t entry, uint64_t depth) {
        const uint32_t leave = state(source);
        Map shared;
        for (uint32_t i = 0; i < node.count; ++i) {
            const Regular::Node& option = regular_.nodes[regular_.parts[node.first + i]];
            uint32_t here = entry;
            if (option.form == Form::STR) {
                for (uint32_t j = 0; j < option.count; ++j) {
                    const uint32_t point = regular_.points[option.first + j];
                    uint32_t& following = shared.at(uint64_t{here} << 21 | point);
                    if (following == NO_STATE) following = character(source, point, here);
                    here = following;
                }
            } else {
                here = add(source, regular_.parts[node.first + i], entry, depth + 1);
            }
            source.free.emplace_back(here, leave);
        }
        return leave;
    }

    uint32_t repeat(Nondeterministic& source, const Regular::Node& node, uint32_t entry, uint64_t depth) {
        const uint32_t body = regular_.parts[node.first];
        const bool endless = node.most == NO_END;
        for (uint64_t i = 0; i < (endless && node.least ? node.least - 1 : node.least); ++i) {
            const uint32_t before = source.size;
            entry = add(source, body, entry, depth + 1);
            if (source.size == before) return entry;  // the body is the empty text
        }
        if (endless) {
            const uint32_t loop = state(source);
            source.free.emplace_back(entry, loop);
            const uint32_t end = add(source, body, loop, depth + 1);
            source.free.emplace_back(end, loop);
            return node.least ? end : loop;
        }
        if (node.most == node.least) return entry;
        const uint32_t leave = state(source);
        for (uint64_t i = node.least; i < node.most; ++i) {
            source.free.emplace_back(entry, leave);
            const uint32_t before = source.size;
            entry = add(source, body, entry, depth + 1);
            if (source.size == before) break;
        }
        source.free.emplace_back(entry, leave);
        return leave;
    }

    uint32_t part(Nondeterministic& source, const Rows& rows, uint32_t entry) {
        const uint32_t first = source.size;
        for (uint32_t i = 0; i < rows.n_states(); ++i) state(source);
        const uint32_t leave = state(source);
        if (rows.n_states()) source.free.emplace_back(entry, first);
        std::vector<Pair> order;
        std::vector<uint32_t> classes;
        for (uint32_t number = 0; number < rows.n_states(); ++number) {
            const uint32_t* row = rows.row(number);
            order.clear();
            for (uint32_t c = 0; c < rows.size; ++c)
                if (row[c] != NO_STATE) order.emplace_back(row[c], c);
            std::sort(order.begin(), order.end());
            for (size_t i = 0; i < order.size();) {
                const uint32_t target = order[i].first;
                for (classes.clear(); i < order.size() && order[i].first == target; ++i) classes.push_back(order[i].second);
                source.moves.push_back({first + number, alphabet_.list(classes), first + target});
            }
            if (rows.accept[number] >= 0) source.free.emplace_back(first + number, leave);
        }
        return leave;
    }

    // The subset construction; where labels meet in one set, the lowest wins.
    Rows determinised(const Nondeterministic& source);

    Rows substrings(const Regular::Node& node) {
        budget_.check_states(node.count);
        const SuffixAutomaton suffixes = suffix_automaton(regular_.points.data() + node.first, node.count);
        const size_t n = suffixes.moves.size();
        budget_.take_steps(n * alphabet_.size());
        Rows out{alphabet_.size(), std::vector<uint32_t>(n * alphabet_.size(), NO_STATE), std::vector<int32_t>(n, 0)};
        for (size_t state = 0; state < n; ++state)
            for (const auto& [point, target] : suffixes.moves[state])
                for (const uint32_t number : alphabet_.lists[alphabet_.single(point)])
                    out.rows[state * out.size + number] = target;
        return minimised(std::move(out), budget_);
    }

    Rows complement(const Rows& part) {
        const uint32_t sink = part.n_states();
        Rows out = part;
        for (uint32_t& target : out.rows)
            if (target == NO_STATE) target = sink;
        for (int32_t& label : out.accept) label = label >= 0 ? -1 : 0;
        out.rows.insert(out.rows.end(), out.size = alphabet_.size(), sink);
        out.accept.push_back(0);
        return pruned(std::move(out));
    }

    // Texts that every part accepts, from the smallest part on, so that impossible combinations end early.
    Rows product(const Regular::Node& node, uint64_t depth) {
        if (!node.count) return {alphabet_.size(), std::vector<uint32_t>(alphabet_.size(), 0), {0}};
        std::vector<std::shared_ptr<const Rows>> parts;
        for (uint32_t i = 0; i < node.count; ++i) parts.push_back(rows(regular_.parts[node.first + i], depth + 1));
        std::stable_sort(parts.begin(), parts.end(), [](auto& a, auto& b) { return a->n_states() < b->n_states(); });
        Rows result = *parts[0];
        for (size_t i = 1; i < parts.size(); ++i) result = minimised(pair(result, *parts[i]), budget_);
        return result;
    }

    Rows pair(const Rows& left, const Rows& right) {
        Rows out{alphabet_.size(), {}, {}};
        if (!left.n_states() || !right.n_states()) return out;
        Map numbers;
        std::vector<Pair> order{{0, 0}};
        numbers.at(0) = 0;
        for (size_t i = 0; i < order.size(); ++i) {
            const auto [a, b] = order[i];
            out.accept.push_back(left.accept[a] >= 0 && right.accept[b] >= 0 ? 0 : -1);
            budget_.take_steps(out.size);
            uint64_t last = ~0ull;  // neighbouring classes often move alike
            uint32_t found = NO_STATE;
            for (uint32_t c = 0; c < out.size; ++c) {
                const uint32_t x = left.row(a)[c], y = right.row(b)[c];
                const uint64_t key = uint64_t{x} << 32 | y;
                if (key != last) {
                    last = key;
                    if (x == NO_STATE || y == NO_STATE) {
                        found = NO_STATE;
                    } else {
                        uint32_t& number = numbers.at(key);
                        if (number == NO_STATE) number = static_cast<uint32_t>(order.size()), order.emplace_back(x, y);
                        found = number;
                    }
                }
                out.rows.push_back(found);
            }
            budget_.check_states(order.size());
        }
        return out;
    }

    const Regular& regular_;
    Alphabet& alphabet_;
    Budget& budget_;
    std::unordered_map<uint32_t, std::shared_ptr<const Rows>> known_;  // of intersections and complements
};

// Subsets of states, each once, by a hash that does not depend on their order.
class Subsets {
public:
    explicit Subsets(size_t states) : stamp_(states, 0) {}
    void begin() { here_.clear(), hash_ = 0, ++turn_; }
    void add(uint32_t state) {
        if (stamp_[state] == turn_) return;
        stamp_[state] = turn_;
        here_.push_back(state);
        hash_ += mixed(state);
    }
    size_t gathered() const { return here_.size(); }
    // The number of the gathered subset, and whether it is new.
    std::pair<uint32_t, bool> number() {
        size_t mask = table_.size() - 1, at = hash_ & mask;
        for (; table_[at] != NO_STATE; at = (at + 1) & mask) {
            const uint32_t known = table_[at];
            if (hashes_[known] == hash_ && starts_[known + 1] - starts_[known] == here_.size() &&
                std::all_of(begin(known), end(known), [&](uint32_t state) { return stamp_[state] == turn_; }))
                return {known, false};
        }
        const uint32_t number = table_[at] = size();
        hashes_.push_back(hash_);
        pool_.insert(pool_.end(), here_.begin(), here_.end());
        starts_.push_back(pool_.size());
        if (2 * hashes_.size() > table_.size()) {
            table_.assign(4 * table_.size(), NO_STATE);
            mask = table_.size() - 1;
            for (uint32_t known = 0; known < size(); ++known) {
                for (at = hashes_[known] & mask; table_[at] != NO_STATE;) at = (at + 1) & mask;
                table_[at] = known;
            }
        }
        return {number, true};
    }
    uint32_t size() const { return static_cast<uint32_t>(hashes_.size()); }
    const uint32_t* begin(uint32_t number) const { return pool_.data() + starts_[number]; }
    const uint32_t* end(uint32_t number) const { return pool_.data() + starts_[number + 1]; }

private:
    std::vector<uint32_t> stamp_, here_, pool_, table_ = std::vector<uint32_t>(64, NO_STATE);
    std::vector<size_t> starts_{0};
    std::vector<uint64_t> hashes_;
    uint64_t hash_ = 0;
    uint32_t turn_ = 0;
};

Rows Construction::determinised(const Nondeterministic& source) {
    using Move = Nondeterministic::Move;
    const uint32_t n = source.size;
    std::vector<uint32_t> every(source.moves.size());  // moves by source, as numbers of moves
    for (uint32_t i = 0; i < every.size(); ++i) every[i] = i;
    const Grouped moves(n, every, [&](uint32_t i) { return source.moves[i].from; }, [](uint32_t i) { return i; });
    const Grouped free(n, source.free, [](const Pair& p) { return p.first; }, [](const Pair& p) { return p.second; });
    std::vector<int32_t> label(n, -1);
    for (const auto& [state, number] : source.accept)
        if (label[state] < 0 || number < label[state]) label[state] = number;

    // Per state what free moves reach, itself included, less the states in which nothing happens.
    std::vector<uint32_t> closures, seen(n, NO_STATE), stack;
    std::vector<size_t> starts{0};
    for (uint32_t state = 0; state < n; ++state) {
        if (free.empty(state)) {
            closures.push_back(state);
        } else {
            size_t reached = 0;
            stack.assign(1, state);
            seen[state] = state;
            while (!stack.empty()) {
                const uint32_t here = stack.back();
                stack.pop_back();
                ++reached;
                if (!moves.empty(here) || label[here] >= 0) closures.push_back(here);
                for (const uint32_t* t = free.begin(here); t != free.end(here); ++t)
                    if (seen[*t] != state) seen[*t] = state, stack.push_back(*t);
            }
            budget_.take_steps(reached);
        }
        starts.push_back(closures.size());
    }

    Subsets subsets(n);
    auto gather = [&](uint32_t target) {
        for (size_t i = starts[target]; i < starts[target + 1]; ++i) subsets.add(closures[i]);
    };
    std::vector<uint32_t> behind(n, NO_STATE);  // the subset that one move alone leads to, by its target
    subsets.begin();
    gather(0);
    behind[0] = subsets.number().first;

    const uint32_t size = alphabet_.size();
    Rows out{size, {}, {}};
    struct Group {  // classes that the lists seen so far do not tell apart: those of `outer` that `list` has
        uint32_t outer, list, split_by, split_to, classes, state;
    };
    std::vector<Group> groups;
    std::vector<uint32_t> group_of(size, 0), touched, present;
    std::vector<std::vector<uint32_t>> targets(alphabet_.lists.size());
    for (uint32_t state = 0; state < subsets.size(); ++state) {
        uint64_t steps = 0;
        int32_t lowest = -1;
        for (const uint32_t* member = subsets.begin(state); member != subsets.end(state); ++member) {
            if (label[*member] >= 0 && (lowest < 0 || label[*member] < lowest)) lowest = label[*member];
            for (const uint32_t* m = moves.begin(*member); m != moves.end(*member); ++m) {
                const Move& move = source.moves[*m];
                if (targets[move.list].empty()) present.push_back(move.list);
                targets[move.list].push_back(move.target);
                steps += alphabet_.lists[move.list].size();
            }
        }
        out.accept.push_back(lowest);
        budget_.take_steps(steps);
        groups.assign(1, Group{0, 0, NO_STATE, 0, 0, NO_STATE});
        for (const uint32_t list : present)
            for (const uint32_t c : alphabet_.lists[list]) {
                const uint32_t old = group_of[c];
                if (groups[old].split_by != list) {
                    groups[old].split_by = list;
                    groups[old].split_to = static_cast<uint32_t>(groups.size());
                    groups.push_back({old, list, NO_STATE, 0, 0, NO_STATE});
                }
                if (!old) touched.push_back(c);
                group_of[c] = groups[old].split_to;
            }
        for (const uint32_t c : touched) ++groups[group_of[c]].classes;
        const size_t row = out.rows.size();
        out.rows.resize(row + size, NO_STATE);
        for (const uint32_t c : touched) {
            Group& group = groups[group_of[c]];
            if (group.state == NO_STATE) {
                const std::vector<uint32_t>& own = targets[group.list];
                const bool single = !group.outer && own.size() == 1;
                if (single && behind[own[0]] != NO_STATE) {
                    group.state = behind[own[0]];
                } else {
                    subsets.begin();
                    steps = 0;
                    for (uint32_t g = group_of[c]; g; g = groups[g].outer)
                        for (const uint32_t target : targets[groups[g].list]) {
                            steps += subsets.gathered() >> 3;
                            gather(target);
                        }
                    budget_.take_steps(steps * group.classes);
                    const auto [number, fresh] = subsets.number();
                    group.state = number;
                    if (fresh) budget_.check_states(number);
                    if (single) behind[own[0]] = number;
                }
            }
            out.rows[row + c] = group.state;
        }
        for (const uint32_t c : touched) group_of[c] = 0;
        for (const uint32_t list : present) targets[list].clear();
        touched.clear(), present.clear();
    }
    return out;
}

}  // namespace

Rows rows_of(const Regular& regular, uint32_t node, Alphabet& alphabet, Budget& budget) {
    return *Construction(regular, alphabet, budget).rows(node, 0);
}

Rows labelled_rows(const Regular& regular, const std::vector<std::pair<int32_t, uint32_t>>& languages, Alphabet& alphabet,
                   Budget& budget) {
    return Construction(regular, alphabet, budget).labelled(languages);
}

}  // namespace structgen::automata
