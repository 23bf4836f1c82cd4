#include "tables.hpp"

#include "parts.hpp"

namespace structgen {

namespace {
constexpr size_t TABLE_CELLS = 1 << 18;  // 1 MB: a table up to this size, edges beyond it
}

Dfa::Dfa(Automaton automaton) : Automaton(std::move(automaton)) {
    const size_t n = accept.size();
    bool cut[257] = {};
    for (const Edge& e : edges) cut[e.low] = cut[e.high + 1] = true;
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

// Names have few edges a state and are read once or twice, so that a table would cost more than it saves; and what
// find_total finds is known.
Dfa::Dfa(Automaton names, bool other) : Automaton(std::move(names)), total(accept.size(), other), open(total) {
    universal.assign(accept.size(), false);
    if (other) universal[1] = true;
}

Dfa::~Dfa() = default;

std::shared_ptr<Dfa> Dfa::of_names(const std::vector<std::string_view>& names, bool other) {
    std::vector<std::pair<std::string_view, uint32_t>> sorted;
    for (uint32_t i = 0; i < names.size(); ++i) sorted.emplace_back(names[i], i);
    std::sort(sorted.begin(), sorted.end());
    // State 0 is the root and stands for names[low .. high); with `other`, state 1 takes every text no name begins with.
    struct Range {
        size_t low, high, depth;
    };
    const uint32_t rest = static_cast<uint32_t>(names.size());
    size_t most = 2;
    for (const auto& [name, label] : sorted) most += name.size();
    std::vector<Range> ranges;
    ranges.reserve(most);
    ranges.push_back({0, sorted.size(), 0});
    if (other) ranges.push_back({0, 0, 0});
    Automaton made;
    auto& edges = made.edges;
    edges.reserve(3 * most), made.labels.reserve(3 * most);
    for (auto* values : {&made.edge_start, &made.min_length, &made.max_length, &made.count, &made.label_start})
        values->reserve(most + 1);
    made.accept.reserve(most);
    for (uint32_t state = 0; state < ranges.size(); ++state) {
        auto [low, high, depth] = ranges[state];
        made.accept.push_back(other ? static_cast<int32_t>(rest) : -1);
        for (size_t i = low; i < high; ++i) made.labels.push_back(sorted[i].second);
        if (other) made.labels.push_back(rest);
        made.count.push_back(other ? INFINITE : static_cast<uint32_t>(high - low));
        made.min_length.push_back(0), made.max_length.push_back(INFINITE);  // keys have no bounds of length
        uint32_t next = 0;  // the first byte without an edge
        if (low < high && sorted[low].first.size() == depth) made.accept.back() = static_cast<int32_t>(sorted[low++].second);
        while (low < high) {
            const uint32_t byte = static_cast<uint8_t>(sorted[low].first[depth]);
            size_t end = low;
            while (end < high && static_cast<uint8_t>(sorted[end].first[depth]) == byte) ++end;
            if (other && next < byte) edges.push_back({next, byte - 1, 1});
            edges.push_back({byte, byte, static_cast<uint32_t>(ranges.size())});
            ranges.push_back({low, end, depth + 1});
            next = byte + 1;
            low = end;
        }
        if (other && next <= 255) edges.push_back({next, 255, 1});
        made.edge_start.push_back(static_cast<uint32_t>(edges.size()));
        made.label_start.push_back(static_cast<uint32_t>(made.labels.size()));
    }
    return std::make_shared<Dfa>(std::move(made), other);
}

const Part& Dfa::part(Vocabulary& vocabulary, uint8_t encoding, uint32_t state) const {
    std::lock_guard lock(mutex_);
    auto& parts = parts_[encoding];
    if (parts.empty()) parts.resize(accept.size());
    auto& part = parts[state];
    if (!part) part = std::make_unique<Part>(make_part(vocabulary, *this, class_rows_, encoding, state, {}));
    return *part;
}

std::unique_ptr<Part> Dfa::part(Vocabulary& vocabulary, uint8_t encoding, uint32_t state,
                                const Lengths& lengths) const {
    std::lock_guard lock(mutex_);
    return std::make_unique<Part>(make_part(vocabulary, *this, class_rows_, encoding, state, lengths));
}

size_t Dfa::bytes() const {
    std::lock_guard lock(mutex_);
    size_t total = 12 * edges.size() + 24 * accept.size() + 4 * (table_.size() + labels.size());
    for (const auto& parts : parts_) {
        total += 8 * parts.size();
        for (const auto& part : parts) total += part ? part->bytes() : 0;
    }
    return total;
}

namespace {

// The bytes that may follow a lead byte (RFC 3629); full for a range of several leads.
std::pair<uint32_t, uint32_t> second_bytes(uint32_t low, uint32_t high) {
    if (low != high) return {0x80, 0xBF};
    return {low == 0xE0 ? 0xA0u : low == 0xF0 ? 0x90u : 0x80u, low == 0xED ? 0x9Fu : low == 0xF4 ? 0x8Fu : 0xBFu};
}

}  // namespace

// Whether the edges of a state cover every byte of a range.
bool Dfa::covers(uint32_t state, uint32_t low, uint32_t high) const {
    for (uint32_t i = edge_start[state]; i < edge_start[state + 1] && low <= high; ++i)
        if (edges[i].low <= low && low <= edges[i].high) low = edges[i].high + 1;
    return low > high;
}

// Inside a character a state must go on with every byte that may follow; between characters with every character.
void Dfa::find_total() {
    const uint32_t n = n_states();
    std::vector<bool> inside(n, true);
    total.assign(n, true);
    universal.assign(n, false);
    for (uint32_t s = 0; s < n; ++s) {
        const uint32_t first = edge_start[s], last = edge_start[s + 1];
        for (uint32_t i = first; i < last; ++i)
            if (edges[i].low < 0x80 || edges[i].high > 0xBF || edges[i].target == s) inside[s] = false;
        if (first == last) inside[s] = false;
        if (!inside[s]) total[s] = covers(s, 0, 0x7F) && covers(s, 0xC2, 0xF4);
        universal[s] = last - first == 1 && edges[first].low == 0 && edges[first].high >= 0xF4 &&
                       edges[first].target == s && accept[s] >= 0;
    }
    for (uint32_t s = 0; s < n; ++s)
        for (uint32_t i = edge_start[s]; i < edge_start[s + 1]; ++i) {
            const Edge& e = edges[i];
            if (!inside[e.target]) continue;
            const auto [low, high] = inside[s] ? std::pair{0x80u, 0xBFu} : second_bytes(e.low, e.high);
            if (!covers(e.target, low, high)) total[s] = false;
        }
    // A state that leads to one that is not good is not good itself. States are numbered breadth-first, so edges mostly go
    // up and one round from the last state on finds nearly all.
    auto spread = [&](std::vector<bool>& good) {
        for (bool changed = true; changed;) {
            changed = false;
            for (uint32_t s = n; s-- > 0;)
                for (uint32_t i = edge_start[s]; good[s] && i < edge_start[s + 1]; ++i)
                    if (!good[edges[i].target]) good[s] = false, changed = true;
        }
    };
    spread(total);
    open = total;
    for (uint32_t s = 0; s < n; ++s) open[s] = total[s] && (inside[s] || accept[s] >= 0);
    spread(open);
    any = n == 1 && universal[0];
    longest_wait = *std::max_element(min_length.begin(), min_length.end());
}

void Tables::check() const {
    auto want = [](bool good) {
        if (!good) throw std::invalid_argument("malformed tables: an index is out of range");
    };
    const size_t n = states.size();
    want(start < n);
    for (const Span& s : spans) want(s.encoding < decoder::ENCODINGS && (s.encoding == decoder::RAW || s.encoding & decoder::JSON));
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
                if (spans[s.a].role == IN_SCOPE) want(spans[s.a].key_set + static_cast<size_t>(label) < names.steps.size());
                break;
            }
            case COUNT: case AT_LEAST: case BELOW: case ROOM: want(s.a < n); break;
            case MORE: case DONE: want(s.a < n && s.b < key_sets.size()); break;
            case SCOPE: want(s.a < n && s.b < names.steps.size()); break;
            default: want(false);
        }
    }
    want(names.own.size() == names.relations.size());
    for (const NameStep& s : names.steps) {
        want(s.what_to_do < STEPS && (s.what_to_do != RELATION || s.what < names.own.size()));
        want((s.what_to_do != MULTIPLE && s.what_to_do != NO_MULTIPLE) || s.what >= 16);
    }
    for (const Edge& e : edges) want(e.low <= e.high && e.high < 256 && e.target < n);
    for (uint32_t t : targets) want(t < n);
    for (uint32_t r : returns) want(r == DEAD_SLOT || r < n);
}

bool Tables::is_small(size_t most) const {
    for (const Span& s : spans)
        if (s.json() || s.role != VALUE) return false;
    for (const State& s : states)
        if (s.kind == CALL || s.kind == COUNT) return false;
    size_t n = states.size();
    for (const auto& dfa : dfas) n += dfa->n_states();
    return n <= most;
}

}  // namespace structgen
