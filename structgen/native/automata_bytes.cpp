// An automaton over classes of code points, spelled in bytes: see automaton/dfa_bytes.py and utf8.py.
#include <algorithm>

#include "automata.hpp"

namespace structgen::automata {

namespace {

constexpr uint32_t FIRST_LEAD = 0xC2, LAST_LEAD = 0xF4;

// Cuts a range of equally long code points until each byte runs over a range of its own.
void same_length(uint32_t low, uint32_t high, std::vector<std::vector<Pair>>& found) {
    const Utf8 first(low), last(high);
    for (uint32_t i = 1; i < first.length; ++i) {
        const uint32_t mask = (1u << (6 * i)) - 1;
        if ((low & ~mask) == (high & ~mask)) continue;
        if (low & mask) {
            same_length(low, low | mask, found);
            return same_length((low | mask) + 1, high, found);
        }
        if ((high & mask) != mask) {
            same_length(low, (high & ~mask) - 1, found);
            return same_length(high & ~mask, high, found);
        }
    }
    std::vector<Pair>& sequence = found.emplace_back();
    for (uint32_t i = 0; i < first.length; ++i) sequence.emplace_back(first.bytes[i], last.bytes[i]);
}

// Where the classes lie: in ASCII, and beyond it as a tree of byte ranges with a class or a further tree behind each.
class Layout {
public:
    struct Branch {
        uint32_t low, high, below;
        bool is_class;
    };
    struct Tree {
        std::vector<Branch> branches;
        std::vector<uint32_t> used;  // the classes below, sorted
    };

    explicit Layout(const Alphabet& alphabet) : far(alphabet.size(), false), weight(alphabet.size(), 0), trees(1) {
        uint32_t beyond = 0;
        for (uint32_t number = 0; number < alphabet.size(); ++number) {
            const Ranges& ranges = alphabet.ranges[number];
            for (const auto& [low, high] : ranges) {
                weight[number] += high - low + 1;
                if (low < 0x80) ascii.push_back({low, std::min(high, 0x7Fu), number});
            }
            far[number] = ranges.back().second >= 0x80;
            beyond += far[number];
        }
        std::sort(ascii.begin(), ascii.end(), [](const Edge& a, const Edge& b) { return a.low < b.low; });
        if (beyond < 2) return;
        for (uint32_t number = 0; number < alphabet.size(); ++number)
            for (const auto& [low, high] : alphabet.ranges[number])
                if (high >= 0x80)
                    for (const auto& sequence : utf8_sequences(std::max(low, 0x80u), high)) lay(sequence, number);
        for (size_t i = trees.size(); i-- > 0;) {  // inner trees have higher numbers
            Tree& tree = trees[i];
            std::sort(tree.branches.begin(), tree.branches.end(), [](auto& a, auto& b) { return a.low < b.low; });
            for (const Branch& b : tree.branches) {
                if (b.is_class) tree.used.push_back(b.below);
                else tree.used.insert(tree.used.end(), trees[b.below].used.begin(), trees[b.below].used.end());
            }
            std::sort(tree.used.begin(), tree.used.end());
            tree.used.erase(std::unique(tree.used.begin(), tree.used.end()), tree.used.end());
        }
    }

    std::vector<Edge> ascii;  // (low, high, class)
    std::vector<bool> far;    // whether a class goes beyond ASCII
    std::vector<uint64_t> weight;
    std::vector<Tree> trees;

private:
    void lay(const std::vector<Pair>& sequence, uint32_t number) {
        uint32_t here = 0;
        for (size_t i = 0; i + 1 < sequence.size(); ++i) {
            const auto [low, high] = sequence[i];
            uint32_t& inner = inner_.at(uint64_t{here} << 16 | low << 8 | high);
            if (inner == NO_STATE) {
                inner = static_cast<uint32_t>(trees.size());
                trees[here].branches.push_back({low, high, inner, false});
                trees.emplace_back();
            }
            here = inner;
        }
        trees[here].branches.push_back({sequence.back().first, sequence.back().second, number, true});
    }
    Map inner_;
};

// The states of the result while they are made: one per row first, those between bytes behind them.
class Spelling {
public:
    Spelling(const Rows& part, const Layout& layout) : layout_(layout), rows_(part.n_states()) {
        const uint32_t n = rows_, size = part.size;
        std::vector<bool> absorbs(n, false);
        std::vector<uint32_t> only(n, MIXED);  // the target of everything beyond ASCII, where there is only one
        for (uint32_t state = 0; state < n; ++state) {
            bool first = true;
            for (uint32_t c = 0; c < size; ++c) {
                if (!layout.far[c]) continue;
                if (first) only[state] = part.row(state)[c], first = false;
                else if (only[state] != part.row(state)[c]) {
                    only[state] = MIXED;
                    break;
                }
            }
            if (first) only[state] = NO_STATE;
            if (only[state] < n) absorbs[only[state]] = true;
        }
        for (uint32_t state = 0; state < n; ++state) {
            const uint32_t* row = part.row(state);
            for (const Edge& e : layout.ascii)
                if (row[e.target] != NO_STATE) draft.edge(e.low, e.high, row[e.target]);
            const bool loop = only[state] == state;
            if (absorbs[state]) draft.edge(0x80, loop ? 0xFF : 0xBF, state);
            if (only[state] == MIXED) {
                const uint32_t made = instance(0, row);
                for (const uint32_t* e = made_.begin(made); e != made_.end(made); e += 3) draft.edge(e[0], e[1], e[2]);
            } else if (only[state] != NO_STATE && !loop) {
                draft.edge(FIRST_LEAD, LAST_LEAD, only[state]);
            }
            draft.close();
            draft.accept.push_back(part.accept[state]);
        }
    }

    // States between bytes come inner ones first.
    uint32_t n_states() const { return rows_ + between_.size(); }
    void append_between() {
        for (uint32_t i = 0; i < between_.size(); ++i) {
            uint32_t shortest = INFINITE, longest = 0;
            uint64_t count = 0;
            for (const uint32_t* e = between_.begin(i); e != between_.end(i); e += 3) {
                draft.edge(e[0], e[1], e[2]);
                shortest = std::min(shortest, draft.shortest[e[2]]);
                longest = std::max(longest, draft.longest[e[2]]);
                count += uint64_t{e[1] - e[0] + 1} * draft.count[e[2]];
            }
            draft.close();
            draft.accept.push_back(-1);
            draft.shortest.push_back(shortest), draft.longest.push_back(longest), draft.count.push_back(saturated(count));
        }
    }

    Draft draft;

private:
    static constexpr uint32_t MIXED = NO_STATE - 1;

    // The edges of a tree with a row's targets at its leaves, as a number of made_; known ones are found, not built.
    uint32_t instance(uint32_t number, const uint32_t* row) {
        const Layout::Tree& tree = layout_.trees[number];
        key_.assign(1, number);
        for (const uint32_t c : tree.used) key_.push_back(row[c]);
        const auto [known, fresh] = instances_.add(key_);
        if (!fresh) return edges_of_[known];
        edges_of_.push_back(NO_STATE);
        std::vector<uint32_t> edges;
        auto edge = [&](uint32_t low, uint32_t high, uint32_t target) {
            const size_t n = edges.size();
            if (n && edges[n - 1] == target && edges[n - 2] + 1 == low) edges[n - 2] = high;
            else edges.insert(edges.end(), {low, high, target});
        };
        for (const Layout::Branch& b : tree.branches) {
            if (b.is_class) {
                if (row[b.below] != NO_STATE) edge(b.low, b.high, row[b.below]);
            } else {
                const uint32_t inner = instance(b.below, row);
                if (made_.begin(inner) == made_.end(inner)) continue;
                key_.assign(made_.begin(inner), made_.end(inner));
                edge(b.low, b.high, rows_ + between_.add(key_).first);
            }
        }
        return edges_of_[known] = made_.add(edges).first;
    }

    const Layout& layout_;
    uint32_t rows_;
    Interner instances_, made_, between_;  // (tree, targets); edges; edges of states
    std::vector<uint32_t> edges_of_, key_;
};

// Shortest and longest remaining length and number of texts, for the states at character boundaries.
void add_sums(const Rows& part, const std::vector<uint64_t>& weight, Draft& draft) {
    const uint32_t n = part.n_states();
    std::vector<Pair> moves;  // (state, target), each once, and the ways to take it
    std::vector<uint64_t> ways;
    std::vector<uint32_t> seen(n, NO_STATE), start{0};
    for (uint32_t state = 0; state < n; ++state) {
        for (uint32_t c = 0; c < part.size; ++c) {
            const uint32_t target = part.row(state)[c];
            if (target == NO_STATE) continue;
            if (seen[target] == NO_STATE || seen[target] < start.back()) {
                seen[target] = static_cast<uint32_t>(moves.size());
                moves.emplace_back(state, target), ways.push_back(0);
            }
            ways[seen[target]] += weight[c];
        }
        start.push_back(static_cast<uint32_t>(moves.size()));
    }
    const Grouped sources(n, moves, [](const Pair& p) { return p.second; }, [](const Pair& p) { return p.first; });
    draft.shortest.assign(n, NO_STATE), draft.longest.assign(n, INFINITE), draft.count.assign(n, INFINITE);
    std::vector<uint32_t> order;
    for (uint32_t state = 0; state < n; ++state)
        if (part.accept[state] >= 0) draft.shortest[state] = 0, order.push_back(state);
    for (size_t i = 0; i < order.size(); ++i)
        for (const uint32_t* s = sources.begin(order[i]); s != sources.end(order[i]); ++s)
            if (draft.shortest[*s] == NO_STATE) draft.shortest[*s] = draft.shortest[order[i]] + 1, order.push_back(*s);
    std::vector<uint32_t> open(n);
    order.clear();
    for (uint32_t state = 0; state < n; ++state) {
        open[state] = start[state + 1] - start[state];
        if (!open[state]) order.push_back(state);
    }
    for (size_t i = 0; i < order.size(); ++i) {  // states on or before a cycle are never ready and stay infinite
        const uint32_t state = order[i];
        uint64_t count = part.accept[state] >= 0;
        uint32_t longest = 0;
        for (uint32_t m = start[state]; m < start[state + 1]; ++m) {
            longest = std::max(longest, draft.longest[moves[m].second] + 1);
            count += ways[m] * draft.count[moves[m].second];
        }
        draft.longest[state] = longest, draft.count[state] = saturated(count);
        for (const uint32_t* s = sources.begin(state); s != sources.end(state); ++s)
            if (!--open[*s]) order.push_back(*s);
    }
}

}  // namespace

std::vector<std::vector<Pair>> utf8_sequences(uint32_t low, uint32_t high) {
    std::vector<std::vector<Pair>> found;
    for (const uint32_t seam : {0x7Fu, 0x7FFu, 0xD7FFu, 0xDFFFu, 0xFFFFu, 0x10FFFFu}) {
        if (low > high) break;
        if (low > seam) continue;
        if (seam != 0xDFFF) same_length(low, std::min(high, seam), found);
        low = seam + 1;
    }
    return found;
}

Made finish(const Draft& draft, uint32_t start, const Interner* labels, const std::vector<uint32_t>* label_sets) {
    std::vector<uint32_t> numbers(draft.n_states(), NO_STATE), order{start};
    auto made = std::make_shared<Automaton>();
    numbers[start] = 0;
    made->edges.reserve(draft.edges.size());
    for (size_t i = 0; i < order.size(); ++i) {
        const uint32_t state = order[i];
        for (uint32_t e = draft.edge_start[state]; e < draft.edge_start[state + 1]; ++e) {
            const Edge& edge = draft.edges[e];
            if (numbers[edge.target] == NO_STATE) {
                numbers[edge.target] = static_cast<uint32_t>(order.size());
                order.push_back(edge.target);
            }
            made->edges.push_back({edge.low, edge.high, numbers[edge.target]});
        }
        made->edge_start.push_back(static_cast<uint32_t>(made->edges.size()));
        made->accept.push_back(draft.accept[state]);
        made->min_length.push_back(draft.shortest[state]);
        made->max_length.push_back(draft.longest[state]);
        made->count.push_back(draft.count[state]);
        if (labels) {
            const uint32_t set = (*label_sets)[state];
            made->labels.insert(made->labels.end(), labels->begin(set), labels->end(set));
        }
        made->label_start.push_back(static_cast<uint32_t>(made->labels.size()));
    }
    return made;
}

Made finish_labelled(const Draft& draft, uint32_t start) {
    const uint32_t n = draft.n_states();
    uint32_t most = 0;
    for (const int32_t label : draft.accept) most = std::max(most, static_cast<uint32_t>(label + 1));
    const size_t words = (most + 63) / 64;
    std::vector<uint64_t> reach(n * words, 0);
    for (uint32_t state = 0; state < n; ++state)
        if (draft.accept[state] >= 0) reach[state * words + draft.accept[state] / 64] |= 1ull << (draft.accept[state] & 63);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t state = n; state-- > 0;)
            for (uint32_t e = draft.edge_start[state]; e < draft.edge_start[state + 1]; ++e) {
                const size_t from = draft.edges[e].target * words, to = state * words;
                for (size_t w = 0; w < words; ++w) {
                    const uint64_t joined = reach[to + w] | reach[from + w];
                    changed |= joined != reach[to + w];
                    reach[to + w] = joined;
                }
            }
    }
    Interner labels;
    std::vector<uint32_t> sets, found;
    for (uint32_t state = 0; state < n; ++state) {
        found.clear();
        for (uint32_t label = 0; label < most; ++label)
            if (reach[state * words + label / 64] >> (label & 63) & 1) found.push_back(label);
        sets.push_back(labels.add(found).first);
    }
    return finish(draft, start, &labels, &sets);
}

Made spell(const Rows& part, const Alphabet& alphabet, const Budget& budget, bool labelled) {
    if (!part.n_states()) return nullptr;
    const Layout layout(alphabet);
    Spelling spelling(part, layout);
    budget.check_states(spelling.n_states());
    add_sums(part, layout.weight, spelling.draft);
    spelling.append_between();
    return labelled ? finish_labelled(spelling.draft, 0) : finish(spelling.draft, 0);
}

}  // namespace structgen::automata
