// Lists of strings, and the substrings of a text, without subset construction: see automaton/dfa_tries.py, substrings.py.
#include <algorithm>

#include "automata.hpp"

namespace structgen::automata {

namespace {

size_t common(std::string_view left, std::string_view right) {
    return static_cast<size_t>(std::mismatch(left.begin(), left.end(), right.begin(), right.end()).first - left.begin());
}

bool continues(uint32_t byte) { return byte >= 0x80 && byte < 0xC0; }

// States of the minimal automaton of sorted words, finished deepest first, equal ones once.
class Words {
public:
    Made build(const std::vector<std::string_view>& words) {
        rows_.resize(1);
        std::string_view before;
        bool first = true;
        for (const std::string_view word : words) {
            const size_t shared = first ? 0 : common(before, word);
            if (!first && shared < before.size()) {
                const uint32_t state = fold(before, shared + 1);
                add(rows_[shared], before[shared], state);
            }
            if (rows_.size() <= word.size()) rows_.resize(word.size() + 1);
            rows_[word.size()].ends = true;
            before = word;
            first = false;
        }
        return finish(draft_, fold(before, 0));
    }

private:
    struct Row {  // what is known of the state at one depth of the current word
        std::vector<uint32_t> edges;
        bool ends = false;
    };

    static void add(Row& row, char byte, uint32_t target) {
        const uint32_t value = static_cast<uint8_t>(byte);
        std::vector<uint32_t>& edges = row.edges;
        const size_t n = edges.size();
        if (n && edges[n - 1] == target && edges[n - 2] + 1 == value) edges[n - 2] = value;
        else edges.insert(edges.end(), {value, value, target});
    }

    // Finishes the states on the path of a word from its end up to a depth; the last one finished.
    uint32_t fold(std::string_view word, size_t down_to) {
        uint32_t state = NO_STATE;
        for (size_t depth = word.size() + 1; depth-- > down_to;) {
            Row& row = rows_[depth];
            if (state == NO_STATE || row.ends || !row.edges.empty()) {
                if (state != NO_STATE) add(row, word[depth], state);
                row.edges.push_back(row.ends);
                const auto [number, fresh] = made_.add(row.edges);
                if (fresh) numbers_.push_back(close(row.edges.data(), row.edges.size() / 3, row.ends));
                state = numbers_[number];
                row.edges.clear(), row.ends = false;
                continue;
            }
            const uint32_t byte = static_cast<uint8_t>(word[depth]);
            uint32_t& chain = chains_.at(uint64_t{state} << 8 | byte);
            if (chain == NO_STATE) {
                const uint32_t edge[] = {byte, byte, state};
                chain = close(edge, 1, false);
            }
            state = chain;
        }
        return state;
    }

    uint32_t close(const uint32_t* edges, size_t n, bool ends) {
        const uint32_t step = n && continues(edges[0]) ? 0 : 1;
        uint32_t shortest = ends ? 0 : INFINITE, longest = 0;
        uint64_t count = ends;
        for (const uint32_t* e = edges; e != edges + 3 * n; e += 3) {
            shortest = std::min(shortest, draft_.shortest[e[2]] + step);
            longest = std::max(longest, draft_.longest[e[2]] + step);
            count += uint64_t{e[1] - e[0] + 1} * draft_.count[e[2]];
            draft_.edge(e[0], e[1], e[2]);
        }
        draft_.close();
        draft_.accept.push_back(ends ? 0 : -1);
        draft_.shortest.push_back(shortest), draft_.longest.push_back(longest), draft_.count.push_back(saturated(count));
        return draft_.n_states() - 1;
    }

    Draft draft_;
    Map chains_;  // states with one edge and no acceptance, the most there are, by target and byte
    Interner made_;
    std::vector<uint32_t> numbers_;
    std::vector<Row> rows_;
};

// The bytes that the last character of a beginning still lacks.
uint32_t pending(std::string_view prefix) {
    for (uint32_t back = 1; back <= std::min<size_t>(4, prefix.size()); ++back) {
        const uint32_t byte = static_cast<uint8_t>(prefix[prefix.size() - back]);
        if (byte < 0x80) return 0;
        if (byte >= 0xC0) return (byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4) - back;
    }
    return 0;
}

// Second bytes that may follow a first byte, where not all may (RFC 3629, section 4).
Pair continuations(uint32_t lead) {
    return {lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80, lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF};
}

// States of a trie of names, finished deepest first; beside it runs the automaton of all other names.
class Names {
public:
    Names(const std::vector<std::string_view>& names, const Automaton* other) : names_(names), other_(other) {
        if (!other) return;
        absorbs_.resize(other->n_states());
        const uint32_t rest = static_cast<uint32_t>(names.size());
        for (uint32_t state = 0; state < other->n_states(); ++state) {
            for (uint32_t e = other->edge_start[state]; e < other->edge_start[state + 1]; ++e) {
                const Edge& edge = other->edges[e];
                draft_.edges.push_back(edge);
                if (edge.low <= 0x80 && edge.high >= 0xBF && edge.target == state) absorbs_[state] = true;
            }
            draft_.close();
            draft_.accept.push_back(other->accept[state] >= 0 ? static_cast<int32_t>(rest) + other->accept[state] : -1);
            found_.clear();
            for (uint32_t i = other->label_start[state]; i < other->label_start[state + 1]; ++i)
                found_.push_back(rest + other->labels[i]);
            if (found_.empty()) found_.push_back(rest);
            sets_.push_back(labels_.add(found_).first);
        }
        draft_.shortest = other->min_length, draft_.longest = other->max_length, draft_.count = other->count;
    }

    Made build() {
        std::vector<uint32_t> order(names_.size());
        for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
        std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return names_[a] < names_[b]; });
        path_.push_back({{}, -1, other_ ? other_->start : NO_STATE});
        std::string_view before;
        for (const uint32_t number : order) {
            const std::string_view word = names_[number];
            const size_t shared = common(before, word);
            fold(before, shared);
            for (size_t depth = shared; depth < word.size(); ++depth)
                path_.push_back({{}, -1, step(path_.back().beside, static_cast<uint8_t>(word[depth]))});
            if (path_.back().label < 0) path_.back().label = static_cast<int32_t>(number);
            before = word;
        }
        fold(before, 0);
        const uint32_t start = close(path_[0], {});
        return finish(draft_, start, &labels_, &sets_);
    }

private:
    struct Open {  // a state on the path of the current name
        std::vector<Pair> row;  // (byte, target)
        int32_t label;
        uint32_t beside;
    };

    uint32_t step(uint32_t state, uint32_t byte) const {
        if (state != NO_STATE)
            for (uint32_t e = other_->edge_start[state]; e < other_->edge_start[state + 1]; ++e)
                if (other_->edges[e].low <= byte && byte <= other_->edges[e].high) return other_->edges[e].target;
        return NO_STATE;
    }

    void fold(std::string_view word, size_t down_to) {
        for (size_t depth = word.size(); depth > down_to; --depth) {
            const Open open = std::move(path_.back());
            path_.pop_back();
            path_.back().row.emplace_back(static_cast<uint8_t>(word[depth - 1]), close(open, word.substr(0, depth)));
        }
    }

    struct Move {
        uint32_t target;
        uint64_t ways;
        uint32_t length;
    };

    uint32_t close(const Open& open, std::string_view prefix) {
        moves_.clear();
        int32_t label = open.label;
        if (open.beside == NO_STATE) {
            for (const auto& [byte, target] : open.row) {
                draft_.edges.push_back({byte, byte, target});
                moves_.push_back({target, 1, continues(open.row[0].first) ? 0u : 1u});
            }
        } else {
            const uint32_t lacking = pending(prefix);
            close_beside(open, lacking);
            if (label < 0 && !lacking) label = draft_.accept[open.beside];
            for (uint32_t e = draft_.edge_start.back(); e < draft_.edges.size(); ++e) {
                const uint64_t each = ways_of(draft_.edges[e], lacking, prefix);
                if (each) moves_.push_back({draft_.edges[e].target, each, lacking ? 0u : 1u});
            }
        }
        draft_.close();
        draft_.accept.push_back(label);
        sum(label);
        return draft_.n_states() - 1;
    }

    // The edges of a state of the trie where the automaton of the other names is still alive.
    void close_beside(const Open& open, uint32_t lacking) {
        size_t next = 0;
        for (uint32_t e = other_->edge_start[open.beside]; e < other_->edge_start[open.beside + 1]; ++e) {
            uint32_t low = other_->edges[e].low, high = other_->edges[e].high;
            if (lacking) low = std::max(low, 0x80u), high = std::min(high, 0xBFu);
            for (; next < open.row.size() && open.row[next].first < low; ++next)
                draft_.edge(open.row[next].first, open.row[next].first, open.row[next].second);
            for (; next < open.row.size() && open.row[next].first <= high; ++next) {
                const auto [byte, target] = open.row[next];
                if (low < byte) draft_.edge(low, byte - 1, other_->edges[e].target);
                draft_.edge(byte, byte, target);
                low = byte + 1;
            }
            if (low <= high) draft_.edge(low, high, other_->edges[e].target);
        }
        for (; next < open.row.size(); ++next)
            draft_.edge(open.row[next].first, open.row[next].first, open.row[next].second);
    }

    // How many characters, or ways to complete one, an edge stands for.
    uint64_t ways_of(const Edge& edge, uint32_t lacking, std::string_view prefix) const {
        const bool whole = edge.target < absorbs_.size() && absorbs_[edge.target];
        if (!lacking) {
            uint64_t number = edge.low < 0x80 ? ways(edge.low, std::min(edge.high, 0x7Fu), false) : 0;
            const uint32_t low = std::max(edge.low, 0xC2u), high = std::min(edge.high, 0xF4u);
            return low <= high ? number + ways(low, high, whole) : number;
        }
        const auto [first, last] = continuations(static_cast<uint8_t>(prefix.back()));
        const uint32_t low = std::max(edge.low, first), high = std::min(edge.high, last);
        if (low > high) return 0;
        return uint64_t{high - low + 1} * (whole ? uint64_t{1} << (6 * (lacking - 1)) : 1);
    }

    void sum(int32_t label) {
        uint32_t shortest = label >= 0 ? 0 : INFINITE;
        uint64_t longest = 0, count = label >= 0;
        found_.clear();
        if (label >= 0) found_.push_back(static_cast<uint32_t>(label));
        for (const Move& move : moves_) {
            if (label < 0) shortest = std::min(shortest, draft_.shortest[move.target] + move.length);
            longest = std::max(longest, uint64_t{draft_.longest[move.target]} + move.length);
            count = saturated(count + move.ways * draft_.count[move.target]);
        }
        draft_.shortest.push_back(shortest), draft_.longest.push_back(saturated(longest));
        draft_.count.push_back(saturated(count));
        if (label < 0 && moves_.size() == 1) return sets_.push_back(sets_[moves_[0].target]);
        uint32_t last = NO_STATE;
        for (const Move& move : moves_) {
            const uint32_t set = sets_[move.target];
            if (set != last) found_.insert(found_.end(), labels_.begin(set), labels_.end(set));
            last = set;
        }
        std::sort(found_.begin(), found_.end());
        found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
        sets_.push_back(labels_.add(found_).first);
    }

    const std::vector<std::string_view>& names_;
    const Automaton* other_;
    Draft draft_;
    Interner labels_;
    std::vector<uint32_t> sets_, found_;  // per state the number of its labels
    std::vector<bool> absorbs_;           // of the states of the other names: continuation bytes mean nothing there
    std::vector<Open> path_;
    std::vector<Move> moves_;
};

// Names in ASCII, all different, beside any other text or none: level by level.
Made plain_names(const std::vector<std::string_view>& names, bool other) {
    struct Range {
        uint32_t low, high, depth;
    };
    std::vector<uint32_t> order(names.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return names[a] < names[b]; });
    const uint32_t rest = static_cast<uint32_t>(names.size());
    std::vector<Range> ranges{{0, rest, 0}};
    if (other) ranges.push_back({0, 0, NO_STATE});  // state 1 takes every text that no name begins with
    auto made = std::make_shared<Automaton>();
    for (size_t state = 0; state < ranges.size(); ++state) {
        const auto [low, high, depth] = ranges[state];
        const size_t labels = made->labels.size();
        made->labels.insert(made->labels.end(), order.begin() + low, order.begin() + high);
        std::sort(made->labels.begin() + static_cast<std::ptrdiff_t>(labels), made->labels.end());
        if (other) made->labels.push_back(rest);
        uint32_t here = low, next = 0, shortest = INFINITE, longest = 0;
        int32_t label = other ? static_cast<int32_t>(rest) : -1;
        for (uint32_t i = low; i < high && !other; ++i) {
            const uint32_t length = static_cast<uint32_t>(names[order[i]].size()) - depth;
            shortest = std::min(shortest, length), longest = std::max(longest, length);
        }
        if (low < high && names[order[low]].size() == depth) label = static_cast<int32_t>(order[here++]);
        while (here < high) {
            const uint32_t byte = static_cast<uint8_t>(names[order[here]][depth]);
            uint32_t end = here + 1;
            while (end < high && static_cast<uint8_t>(names[order[end]][depth]) == byte) ++end;
            if (other && next < byte) made->edges.push_back({next, byte - 1, 1});
            made->edges.push_back({byte, byte, static_cast<uint32_t>(ranges.size())});
            ranges.push_back({here, end, depth + 1});
            next = byte + 1, here = end;
        }
        if (other) made->edges.push_back({next, 255, 1});
        made->edge_start.push_back(static_cast<uint32_t>(made->edges.size()));
        made->label_start.push_back(static_cast<uint32_t>(made->labels.size()));
        made->accept.push_back(label);
        made->min_length.push_back(other ? 0 : shortest);
        made->max_length.push_back(other ? INFINITE : longest);
        made->count.push_back(other ? INFINITE : high - low);
    }
    return made;
}

bool is_any(const Automaton& dfa) {
    return dfa.n_states() == 1 && dfa.labels.empty() && dfa.edges.size() == 1 && dfa.edges[0].low == 0 && dfa.edges[0].high == 255;
}

}  // namespace

Made of_strings(std::vector<std::string_view> words) {
    if (words.empty()) return nullptr;
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return Words().build(words);
}

Made of_names(const std::vector<std::string_view>& names, const Automaton* other) {
    bool plain = !other || is_any(*other);
    for (const std::string_view name : names)
        plain = plain && std::all_of(name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
    if (plain) {
        std::vector<std::string_view> sorted = names;
        std::sort(sorted.begin(), sorted.end());
        if (std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end()) return plain_names(names, other);
    }
    return Names(names, other).build();
}

// Blumer et al., The smallest automaton recognizing the subwords of a text, Theoretical Computer Science 40 (1985).
SuffixAutomaton suffix_automaton(const uint32_t* first, size_t count) {
    SuffixAutomaton out{{{}}, {0}};
    std::vector<uint32_t> link{NO_STATE};
    Map targets;
    auto key = [](uint32_t state, uint32_t point) { return uint64_t{state} << 21 | point; };
    auto set = [&](uint32_t state, uint32_t point, uint32_t target) {
        targets.at(key(state, point)) = target;
        out.moves[state].emplace_back(point, target);
    };
    uint32_t last = 0;
    for (size_t i = 0; i < count; ++i) {
        const uint32_t point = first[i], current = static_cast<uint32_t>(out.moves.size());
        out.moves.emplace_back();
        out.length.push_back(out.length[last] + 1);
        link.push_back(0);
        uint32_t state = last;
        for (; state != NO_STATE && !targets.find(key(state, point)); state = link[state]) set(state, point, current);
        if (state != NO_STATE) {
            const uint32_t target = *targets.find(key(state, point));
            if (out.length[target] == out.length[state] + 1) {
                link[current] = target;
            } else {
                const uint32_t clone = static_cast<uint32_t>(out.moves.size());
                out.moves.emplace_back();
                out.length.push_back(out.length[state] + 1);
                link.push_back(link[target]);
                for (size_t m = 0; m < out.moves[target].size(); ++m) {
                    const uint32_t other = out.moves[target][m].first;
                    set(clone, other, *targets.find(key(target, other)));
                }
                link[target] = link[current] = clone;
                for (uint32_t* found; state != NO_STATE; state = link[state]) {
                    found = targets.find(key(state, point));
                    if (!found || *found != target) break;
                    *found = clone;
                }
            }
        }
        last = current;
    }
    for (uint32_t state = 0; state < out.moves.size(); ++state) {
        for (auto& [point, target] : out.moves[state]) target = *targets.find(key(state, point));
        std::sort(out.moves[state].begin(), out.moves[state].end());
    }
    return out;
}

namespace {

// The states of a suffix automaton with their characters spelled in bytes: leaves first.
class Substrings {
public:
    explicit Substrings(const SuffixAutomaton& suffixes) : suffixes_(suffixes) {}

    Made build() {
        const uint32_t n = static_cast<uint32_t>(suffixes_.moves.size());
        std::vector<uint32_t> order(n);
        for (uint32_t state = 0; state < n; ++state) order[state] = state;
        std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {  // a move leads to longer texts
            return suffixes_.length[a] > suffixes_.length[b];
        });
        number_.assign(n, NO_STATE);
        for (const uint32_t state : order) {
            uint32_t longest = 0;
            uint64_t count = 1;
            spelled_.clear();
            for (const auto& [point, target] : suffixes_.moves[state]) {
                const uint32_t to = number_[target];
                longest = std::max(longest, draft_.longest[to] + 1);
                count += draft_.count[to];
                spelled_.push_back({Utf8(point), to});
            }
            const std::vector<uint32_t> edges = branch(0, spelled_.size(), 0);
            number_[state] = close(edges.data(), edges.size(), 0, longest, saturated(count));
        }
        return finish(draft_, number_[0]);
    }

private:
    struct Spelled {
        Utf8 utf8;
        uint32_t target;
    };

    // The edges behind the first bytes that some characters share, smallest first.
    std::vector<uint32_t> branch(size_t from, size_t until, size_t depth) {
        std::vector<uint32_t> edges;
        while (from < until) {
            const uint32_t byte = spelled_[from].utf8.bytes[depth];
            size_t end = from + 1;
            while (end < until && spelled_[end].utf8.bytes[depth] == byte) ++end;
            const uint32_t target = spelled_[from].utf8.length == depth + 1 ? spelled_[from].target
                                                                            : between(branch(from, end, depth + 1));
            const size_t n = edges.size();
            if (n && edges[n - 1] == target && edges[n - 2] + 1 == byte) edges[n - 2] = byte;
            else edges.insert(edges.end(), {byte, byte, target});
            from = end;
        }
        return edges;
    }

    uint32_t between(const std::vector<uint32_t>& edges) {
        const auto [known, fresh] = between_.add(edges);
        if (fresh) {
            uint32_t longest = 0;
            uint64_t count = 0;
            for (size_t i = 0; i < edges.size(); i += 3) {
                longest = std::max(longest, draft_.longest[edges[i + 2]]);
                count += uint64_t{edges[i + 1] - edges[i] + 1} * draft_.count[edges[i + 2]];
            }
            numbers_.push_back(close(edges.data(), edges.size(), -1, longest, saturated(count)));
        }
        return numbers_[known];
    }

    uint32_t close(const uint32_t* edges, size_t n, int32_t accept, uint32_t longest, uint32_t count) {
        for (const uint32_t* e = edges; e != edges + n; e += 3) draft_.edge(e[0], e[1], e[2]);
        draft_.close();
        draft_.accept.push_back(accept);
        draft_.shortest.push_back(0), draft_.longest.push_back(longest), draft_.count.push_back(count);
        return draft_.n_states() - 1;
    }

    const SuffixAutomaton& suffixes_;
    Draft draft_;
    Interner between_;
    std::vector<uint32_t> numbers_, number_;  // states between bytes, and states at boundaries
    std::vector<Spelled> spelled_;
};

}  // namespace

Made of_substrings(const std::vector<uint32_t>& text) {
    return Substrings(suffix_automaton(text.data(), text.size())).build();
}

}  // namespace structgen::automata
