// The form of a finished automaton over bytes: the twin of automaton/dfa_form.py's Dfa.
#pragma once

#include <cstdint>
#include <vector>

namespace structgen {

constexpr uint32_t INFINITE = 0x7FFFFFFF;

struct Edge {
    uint32_t low, high, target;
};

// Flat: the edges of state s are edges[edge_start[s]] to edges[edge_start[s + 1]], its labels likewise. Every state is
// live, so an automaton without a single label is an unlabelled one.
struct Automaton {
    uint32_t start = 0;
    std::vector<uint32_t> edge_start{0};
    std::vector<Edge> edges;
    std::vector<int32_t> accept;
    std::vector<uint32_t> min_length, max_length, count, label_start{0}, labels;

    uint32_t n_states() const { return static_cast<uint32_t>(accept.size()); }
    // Every number in range: said of one that came from Python.
    bool sound() const {
        const size_t n = accept.size();
        if (start >= n || edge_start.size() != n + 1 || label_start.size() != n + 1 || min_length.size() != n ||
            max_length.size() != n || count.size() != n || edge_start.back() != edges.size() ||
            label_start.back() != labels.size() || edge_start[0] != 0 || label_start[0] != 0)
            return false;
        for (size_t s = 0; s < n; ++s)
            if (edge_start[s] > edge_start[s + 1] || label_start[s] > label_start[s + 1]) return false;
        for (const Edge& e : edges)
            if (e.low > e.high || e.high > 255 || e.target >= n) return false;
        return true;
    }
};

}  // namespace structgen
