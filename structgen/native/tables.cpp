#include "tables.hpp"

namespace structgen {

namespace {
constexpr size_t TABLE_CELLS = 1 << 18;  // 1 MB: a table up to this size, edges beyond it
}

Dfa::Dfa(uint32_t start_, std::vector<uint32_t> edge_start_, std::vector<Edge> edges_, std::vector<int32_t> accept_,
         std::vector<uint32_t> min_, std::vector<uint32_t> max_, std::vector<uint32_t> count_,
         std::vector<uint32_t> label_start_, std::vector<uint32_t> labels_)
    : start(start_), edge_start(std::move(edge_start_)), edges(std::move(edges_)), accept(std::move(accept_)),
      min_length(std::move(min_)), max_length(std::move(max_)), count(std::move(count_)),
      label_start(std::move(label_start_)), labels(std::move(labels_)) {
    const size_t n = accept.size();
    if (start >= n || edge_start.size() != n + 1 || min_length.size() != n || max_length.size() != n ||
        count.size() != n || label_start.size() != n + 1 || edge_start.back() != edges.size() ||
        label_start.back() != labels.size())
        throw std::invalid_argument("malformed automaton");
    bool cut[257] = {};
    for (size_t s = 0; s < n; ++s)
        if (edge_start[s] > edge_start[s + 1] || label_start[s] > label_start[s + 1])
            throw std::invalid_argument("malformed automaton");
    for (const Edge& e : edges) {
        if (e.low > e.high || e.high > 255 || e.target >= n) throw std::invalid_argument("malformed automaton edge");
        cut[e.low] = cut[e.high + 1] = true;
    }
    for (int b = 0; b < 256; ++b) {
        if (cut[b] && b) ++n_classes_;
        class_[b] = static_cast<uint16_t>(n_classes_);
    }
    ++n_classes_;
    if (n * n_classes_ <= TABLE_CELLS) {
        table_.assign(n * n_classes_, NONE);
        for (uint32_t s = 0; s < n; ++s)
            for (uint32_t i = edge_start[s]; i < edge_start[s + 1]; ++i)
                for (uint32_t c = class_[edges[i].low]; c <= class_[edges[i].high]; ++c)
                    table_[s * n_classes_ + c] = edges[i].target;
    }
    find_total();
}

void Dfa::find_total() {
    const uint32_t n = n_states();
    total.assign(n, false);
    universal.assign(n, false);
    for (uint32_t s = 0; s < n; ++s) {
        uint32_t reach = 0;
        bool covered = true;
        for (uint32_t i = edge_start[s]; i < edge_start[s + 1]; ++i) {
            const Edge& e = edges[i];
            if (e.low > reach && !(reach >= 0x80 && e.low <= 0xC2)) covered = false;
            reach = e.high + 1;
        }
        total[s] = covered && reach > 0xF4;
        universal[s] = edge_start[s + 1] - edge_start[s] == 1 && edges[edge_start[s]].low == 0 &&
                       edges[edge_start[s]].high >= 0xF4 && edges[edge_start[s]].target == s && accept[s] >= 0;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t s = 0; s < n; ++s)
            for (uint32_t i = edge_start[s]; total[s] && i < edge_start[s + 1]; ++i)
                if (!total[edges[i].target]) total[s] = false, changed = true;
    }
    open = total;
    for (uint32_t s = 0; s < n; ++s) open[s] = total[s] && accept[s] >= 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t s = 0; s < n; ++s)
            for (uint32_t i = edge_start[s]; open[s] && i < edge_start[s + 1]; ++i)
                if (!open[edges[i].target]) open[s] = false, changed = true;
    }
    any = n == 1 && universal[0];
}

void Tables::check() const {
    auto want = [](bool good) {
        if (!good) throw std::invalid_argument("malformed tables: an index is out of range");
    };
    const size_t n = states.size();
    want(start < n);
    for (const Span& s : spans) want(s.dfa < dfas.size() && (s.role != KEY || s.key_set < key_sets.size()));
    for (const KeySet& k : key_sets) want(k.required.size() == k.forbidden.size());
    for (const State& s : states) {
        switch (s.kind) {
            case BYTES: want(s.a <= edges.size() && s.b <= edges.size() - s.a); break;
            case SPLIT: want(s.a <= targets.size() && s.b <= targets.size() - s.a); break;
            case CALL: want(s.a < n && s.b < returns.size()); break;
            case RETURN: break;
            case SPAN: {
                want(s.a < spans.size());
                const Dfa& dfa = *dfas[spans[s.a].dfa];
                int32_t label = *std::max_element(dfa.accept.begin(), dfa.accept.end());
                want(label >= 0 && s.b + static_cast<size_t>(label) < returns.size());
                break;
            }
            case COUNT: case AT_LEAST: case BELOW: case ROOM: want(s.a < n); break;
            case MORE: case DONE: want(s.a < n && s.b < key_sets.size()); break;
            default: want(false);
        }
    }
    for (const Edge& e : edges) want(e.low <= e.high && e.high < 256 && e.target < n);
    for (uint32_t t : targets) want(t < n);
    for (uint32_t r : returns) want(r == DEAD_SLOT || r < n);
}

}  // namespace structgen
