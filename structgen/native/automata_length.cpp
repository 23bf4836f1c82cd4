// Lengths of the texts of an automaton: see automaton/dfa_length.py.
#include <algorithm>

#include "automata.hpp"

namespace structgen::automata {

namespace {

constexpr uint32_t MIN_LEAD = 0xC0;

// The automaton with what bound_length asks of its states again and again.
struct Steps {
    explicit Steps(const Automaton& dfa) : dfa(dfa), depth(dfa.n_states(), 0) {
        const uint32_t n = dfa.n_states();
        std::vector<bool> between(n), absorbing(n);
        for (uint32_t state = 0; state < n; ++state) {
            const uint32_t first = dfa.edge_start[state], last = dfa.edge_start[state + 1];
            bool leaves = false, absorbs_all = false;
            for (uint32_t e = first; e < last; ++e) {
                leaves |= dfa.edges[e].target != state;
                absorbs_all |= dfa.edges[e].low <= 0x80 && dfa.edges[e].high >= 0xBF && dfa.edges[e].target == state;
            }
            between[state] = leaves && dfa.edges[first].low >= 0x80 && dfa.edges[last - 1].high <= 0xBF;
            absorbing[state] = absorbs_all;
        }
        absorbs = std::move(absorbing);
        for (uint32_t state = 0; state < n; ++state) {
            for (uint32_t e = dfa.edge_start[state]; e < dfa.edge_start[state + 1]; ++e) {
                const Edge& edge = dfa.edges[e];
                if (between[state]) {
                    moves.push_back(edge);
                    continue;
                }
                if (edge.low < 0x80) moves.push_back({edge.low, std::min(edge.high, 0x7Fu), edge.target});
                if (edge.high > 0xBF) moves.push_back({std::max(edge.low, MIN_LEAD), edge.high, edge.target});
            }
            start.push_back(static_cast<uint32_t>(moves.size()));
        }
        for (uint32_t round = 0; round < 3; ++round)  // no character has more than three bytes behind its first
            for (uint32_t state = 0; state < n; ++state)
                if (between[state])
                    for (uint32_t m = start[state]; m < start[state + 1]; ++m)
                        depth[state] = std::max(depth[state], std::min(depth[moves[m].target] + 1, 3u));
    }
    bool inside(uint32_t state) const { return depth[state] > 0; }

    const Automaton& dfa;
    std::vector<uint32_t> start{0};
    std::vector<Edge> moves;      // those that begin a character, or complete one inside it; not those that mean nothing
    std::vector<uint32_t> depth;  // how many bytes a character still lacks; 0 between characters
    std::vector<bool> absorbs;
};

// Whether no state's remaining lengths have a gap of `window` lengths or more that begins up to `maximum`.
bool counter_is_exact(const Steps& steps, uint64_t window, uint64_t maximum, Budget budget) {
    const uint32_t n = steps.dfa.n_states();
    std::vector<Pair> before_, within_;  // (target, source)
    for (uint32_t state = 0; state < n; ++state)
        for (uint32_t m = steps.start[state]; m < steps.start[state + 1]; ++m)
            (steps.inside(state) ? within_ : before_).emplace_back(steps.moves[m].target, state);
    auto first = [](const Pair& p) { return p.first; };
    auto second = [](const Pair& p) { return p.second; };
    const Grouped before(n, before_, first, second), within(n, within_, first, second);
    std::vector<uint64_t> last(n, ~0ull), taken(n, 0);
    std::vector<uint32_t> current, following, sorted;
    for (uint32_t state = 0; state < n; ++state)
        if (steps.dfa.accept[state] >= 0) current.push_back(state);
    Interner seen;
    std::vector<uint64_t> seen_at;
    uint64_t step = 0, until = maximum + window + 1;
    const uint64_t end = until;
    for (; !current.empty() && step <= until; ++step) {
        for (const uint32_t state : current) taken[state] = 2 * step + 1;
        for (size_t i = 0; i < current.size(); ++i)
            for (const uint32_t* s = within.begin(current[i]); s != within.end(current[i]); ++s)
                if (taken[*s] != 2 * step + 1) taken[*s] = 2 * step + 1, current.push_back(*s);
        for (const uint32_t state : current) {
            if (last[state] != ~0ull && step - last[state] > window) return false;
            last[state] = step;
        }
        if (until == end) {
            sorted.clear();
            if (current.size() > n / 16) {
                for (uint32_t state = 0; state < n; ++state)
                    if (taken[state] == 2 * step + 1) sorted.push_back(state);
            } else {
                sorted = current;
                std::sort(sorted.begin(), sorted.end());
            }
            const auto [number, fresh] = seen.add(sorted);
            if (fresh) {
                seen_at.push_back(step);
            } else {  // from here on the sets repeat: one more round shows every gap
                until = std::min(until, 2 * step - seen_at[number]);
                seen = Interner();
                seen_at.clear();
            }
        }
        budget.take_steps(current.size());
        following.clear();
        for (const uint32_t state : current)
            for (const uint32_t* s = before.begin(state); s != before.end(state); ++s)
                if (taken[*s] != 2 * step + 2) taken[*s] = 2 * step + 2, following.push_back(*s);
        current.swap(following);
    }
    if (until < end) return true;
    for (uint32_t state = 0; state < n; ++state)
        if (last[state] == ~0ull || (last[state] <= maximum && last[state] != steps.dfa.max_length[state])) return false;
    return true;
}

// The product of an automaton with a count of code points, without what leads nowhere: from the longest texts back, equal
// states once.
class Unrolled {
public:
    Unrolled(const Steps& steps, uint64_t minimum, uint64_t maximum, Budget budget)
        : steps_(steps), minimum_(minimum), maximum_(maximum), budget_(budget) {}

    Made result() {
        std::vector<std::vector<uint32_t>> met = levels();
        const uint32_t n = steps_.dfa.n_states();
        std::vector<uint32_t> later(n, NO_STATE), here(n, NO_STATE);
        for (uint64_t used = maximum_ + 1; used-- > 0;) {
            std::vector<uint32_t>& order = met[used];
            std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return steps_.depth[a] < steps_.depth[b]; });
            for (const uint32_t state : order) here[state] = made(state, used, steps_.inside(state) ? here : later);
            budget_.check_states(draft_.n_states());
            if (used < maximum_)
                for (const uint32_t state : met[used + 1]) later[state] = NO_STATE;
            later.swap(here);
        }
        const uint32_t start = later[steps_.dfa.start];
        if (start == NO_STATE) return nullptr;
        return steps_.dfa.labels.empty() ? finish(draft_, start) : finish_labelled(draft_, start);
    }

private:
    // Per number of code points begun the states that can be met.
    std::vector<std::vector<uint32_t>> levels() {
        std::vector<std::vector<uint32_t>> met{{steps_.dfa.start}};
        std::vector<uint64_t> seen(steps_.dfa.n_states(), 0);
        while (met.size() <= maximum_) {
            std::vector<uint32_t> following;
            auto reach = [&](uint32_t state) {
                for (uint32_t m = steps_.start[state]; m < steps_.start[state + 1]; ++m) {
                    const uint32_t target = steps_.moves[m].target;
                    if (seen[target] != met.size()) seen[target] = met.size(), following.push_back(target);
                }
            };
            for (const uint32_t state : met.back())
                if (!steps_.inside(state)) reach(state);
            for (size_t i = 0; i < following.size(); ++i)
                if (steps_.inside(following[i])) reach(following[i]);
            budget_.take_steps(following.size());
            met.push_back(std::move(following));
        }
        return met;
    }

    uint32_t made(uint32_t state, uint64_t used, const std::vector<uint32_t>& reach) {
        const bool inside = steps_.inside(state), absorbs = !inside && steps_.absorbs[state];
        const int32_t accept = used >= minimum_ ? steps_.dfa.accept[state] : -1;
        key_.assign({static_cast<uint32_t>(accept + 1), absorbs});
        uint32_t taken = 1;
        for (uint32_t m = steps_.start[state]; m < steps_.start[state + 1]; ++m) {
            const Edge& move = steps_.moves[m];
            const uint32_t target = reach[move.target];
            if (target == NO_STATE) continue;
            ++taken;
            const size_t n = key_.size();
            if (n > 2 && key_[n - 1] == target && key_[n - 2] + 1 == move.low) key_[n - 2] = move.high;
            else key_.insert(key_.end(), {move.low, move.high, target});
        }
        if (key_.size() == 2 && accept < 0) return NO_STATE;
        budget_.take_steps(taken);
        const auto [number, fresh] = known_.add(key_);
        if (fresh) add(number, accept, inside, absorbs);
        return number;
    }

    void add(uint32_t number, int32_t accept, bool inside, bool absorbs) {
        const uint32_t step = inside ? 0 : 1;
        uint32_t shortest = accept >= 0 ? 0 : INFINITE, longest = 0;
        uint64_t count = accept >= 0;
        bool placed = !absorbs;
        for (size_t i = 2; i < key_.size(); i += 3) {
            const uint32_t low = key_[i], high = key_[i + 1], target = key_[i + 2];
            shortest = std::min(shortest, draft_.shortest[target] + step);
            longest = std::max(longest, draft_.longest[target] + step);
            const uint64_t each = inside ? high - low + 1 : ways(low, high, absorbed_[target]);
            count = saturated(count + each * draft_.count[target]);
            if (!placed && low >= 0x80) draft_.edge(0x80, 0xBF, number), placed = true;
            draft_.edge(low, high, target);
        }
        if (!placed) draft_.edge(0x80, 0xBF, number);
        draft_.close();
        draft_.accept.push_back(accept);
        draft_.shortest.push_back(shortest), draft_.longest.push_back(longest), draft_.count.push_back(saturated(count));
        absorbed_.push_back(absorbs);
    }

    const Steps& steps_;
    uint64_t minimum_, maximum_;
    Budget budget_;
    Interner known_;  // (label, absorbs, edges)
    std::vector<uint32_t> key_;
    std::vector<bool> absorbed_;  // per state made, whether continuation bytes mean nothing there
    Draft draft_;
};

struct LeadWeights {
    uint32_t of[256] = {};
    LeadWeights() {
        std::fill(of + 0xC2, of + 0xE0, 64u);
        std::fill(of + 0xE0, of + 0xF0, 4096u);
        of[0xE0] = of[0xED] = 2048;
        std::fill(of + 0xF0, of + 0xF5, 64u * 64 * 64);
        of[0xF0] = 48 * 64 * 64, of[0xF4] = 16 * 64 * 64;
    }
};

}  // namespace

uint64_t ways(uint32_t low, uint32_t high, bool absorbed) {
    static const LeadWeights leads;
    if (high < 0x80) return high - low + 1;
    uint64_t number = low < 0x80 ? 0x80 - low : 0;
    for (uint32_t byte = std::max(low, MIN_LEAD); byte <= high; ++byte) number += absorbed ? leads.of[byte] : 1;
    return number;
}

Made bound_length(const Made& dfa, uint64_t minimum, uint64_t maximum, const Budget& budget) {
    const uint32_t start = dfa->start;
    const uint64_t most = maximum == NO_END ? INFINITE : maximum;
    if (most < minimum || dfa->min_length[start] > most || dfa->max_length[start] < minimum) return nullptr;
    if (minimum <= dfa->min_length[start] || maximum == NO_END || maximum >= dfa->max_length[start]) return dfa;
    const Steps steps(*dfa);
    if (counter_is_exact(steps, maximum - minimum + 1, maximum, budget.fresh())) return dfa;
    return Unrolled(steps, minimum, maximum, budget.fresh()).result();
}

}  // namespace structgen::automata
