// The states of a grammar while it is lowered: what automaton/lower.py calls by the same names.
#pragma once

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include "nodes.hpp"

namespace structgen {

constexpr uint32_t NOWHERE = NONE;  // the state in front of nothing: what is built before it is impossible

class States {
public:
    using List = std::vector<uint32_t>;

    explicit States(uint64_t most) : most(most) {}

    uint32_t state(uint32_t kind, uint32_t a, uint32_t b) {
        if (tables.states.size() >= most) throw Refused();
        tables.states.push_back({kind, a, b});
        return static_cast<uint32_t>(tables.states.size() - 1);
    }

    uint32_t one_byte(uint32_t low, uint32_t high, uint32_t target) {
        tables.edges.push_back({low, high, target});
        return state(BYTES, static_cast<uint32_t>(tables.edges.size() - 1), 1);
    }

    uint32_t bytes(const std::vector<Edge>& edges) {
        const uint32_t first = static_cast<uint32_t>(tables.edges.size());
        tables.edges.insert(tables.edges.end(), edges.begin(), edges.end());
        return state(BYTES, first, static_cast<uint32_t>(edges.size()));
    }

    uint32_t split(const List& targets) {
        List live;
        if (targets.size() <= 16) {
            for (uint32_t t : targets)
                if (t != NOWHERE && std::find(live.begin(), live.end(), t) == live.end()) live.push_back(t);
        } else {
            std::unordered_set<uint32_t> seen{NOWHERE};
            for (uint32_t t : targets)
                if (seen.insert(t).second) live.push_back(t);
        }
        if (live.size() <= 1) return live.empty() ? NOWHERE : live[0];
        auto reads = [&](uint32_t t) { return tables.states[t].kind == BYTES; };
        if (std::count_if(live.begin(), live.end(), reads) > 1) {
            const uint32_t merged = merge(live);
            if (merged != NOWHERE) {
                live.erase(std::remove_if(live.begin(), live.end(), reads), live.end());
                live.insert(live.begin(), merged);
                if (live.size() == 1) return merged;
            }
        }
        const uint32_t first = static_cast<uint32_t>(tables.targets.size());
        tables.targets.insert(tables.targets.end(), live.begin(), live.end());
        return state(SPLIT, first, static_cast<uint32_t>(live.size()));
    }

    // One state for all that read a byte, if no byte belongs to two.
    uint32_t merge(const List& live) {
        std::vector<Edge> edges;
        for (uint32_t t : live) {
            const State& s = tables.states[t];
            if (s.kind == BYTES) edges.insert(edges.end(), tables.edges.begin() + s.a, tables.edges.begin() + s.a + s.b);
        }
        return sorted(edges) ? bytes(edges) : NOWHERE;
    }

    static bool sorted(std::vector<Edge>& edges) {
        std::sort(edges.begin(), edges.end(), [](const Edge& x, const Edge& y) {
            return std::tie(x.low, x.high, x.target) < std::tie(y.low, y.high, y.target);
        });
        for (size_t i = 0; i + 1 < edges.size(); ++i)
            if (edges[i].high >= edges[i + 1].low) return false;
        return true;
    }

    uint32_t placeholder() { return state(SPLIT, 0, 0); }

    void patch(uint32_t where, std::initializer_list<uint32_t> targets) {
        const uint32_t first = static_cast<uint32_t>(tables.targets.size());
        for (uint32_t t : targets)
            if (t != NOWHERE) tables.targets.push_back(t);
        tables.states[where].a = first;
        tables.states[where].b = static_cast<uint32_t>(tables.targets.size()) - first;
    }

    Tables tables;
    const uint64_t most;
};

}  // namespace structgen
