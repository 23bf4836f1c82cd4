// Automata over classes of code points, and the smallest equal one: see automaton/dfa_classes.py and dfa_subset.py.
#include <algorithm>

#include "automata.hpp"

namespace structgen::automata {

std::pair<uint32_t, bool> Interner::add(const uint32_t* first, size_t count) {
    uint64_t hash = count;
    for (size_t i = 0; i < count; ++i) hash = (hash ^ first[i]) * 0x9E3779B97F4A7C15ull + (hash >> 29);
    hash = mixed(hash);
    size_t mask = table_.size() - 1;
    size_t at = hash & mask;
    for (; table_[at] != NO_STATE; at = (at + 1) & mask) {
        const uint32_t number = table_[at];
        if (hashes_[number] == hash && starts_[number + 1] - starts_[number] == count &&
            std::equal(first, first + count, begin(number)))
            return {number, false};
    }
    const uint32_t number = size();
    table_[at] = number;
    hashes_.push_back(hash);
    pool_.insert(pool_.end(), first, first + count);
    starts_.push_back(pool_.size());
    if (2 * hashes_.size() > table_.size()) {
        table_.assign(2 * table_.size(), NO_STATE);
        mask = table_.size() - 1;
        for (uint32_t known = 0; known < size(); ++known) {
            for (at = hashes_[known] & mask; table_[at] != NO_STATE;) at = (at + 1) & mask;
            table_[at] = known;
        }
    }
    return {number, true};
}

uint32_t* Map::find(uint64_t key) {
    const size_t mask = table_.size() - 1;
    for (size_t at = mixed(key) & mask; table_[at].first != ~0ull; at = (at + 1) & mask)
        if (table_[at].first == key) return &table_[at].second;
    return nullptr;
}

uint32_t& Map::at(uint64_t key) {
    if (2 * (size_ + 1) > table_.size()) {
        auto old = std::move(table_);
        table_.assign(4 * old.size(), {~0ull, NO_STATE});
        const size_t mask = table_.size() - 1;
        for (const auto& entry : old) {
            if (entry.first == ~0ull) continue;
            size_t at = mixed(entry.first) & mask;
            while (table_[at].first != ~0ull) at = (at + 1) & mask;
            table_[at] = entry;
        }
    }
    const size_t mask = table_.size() - 1;
    size_t at = mixed(key) & mask;
    for (; table_[at].first != ~0ull; at = (at + 1) & mask)
        if (table_[at].first == key) return table_[at].second;
    ++size_;
    table_[at].first = key;
    return table_[at].second;
}

Alphabet::Alphabet(const Regular& regular) {
    std::vector<std::pair<uint32_t, uint32_t>> events;  // (code point, set): the set begins or ends there
    for (const uint32_t point : {0u, 0xD800u, 0xE000u, 0x110000u}) events.emplace_back(point, NO_STATE);  // all of Unicode
    uint32_t n = 0;
    for (const Ranges& set : regular.sets) {
        for (const auto& [low, high] : set) events.emplace_back(low, n), events.emplace_back(high + 1, n);
        ++n;
    }
    for (const uint32_t point : regular.points) {
        uint32_t& number = points.at(point);
        if (number != NO_STATE) continue;
        number = n++;
        events.emplace_back(point, number), events.emplace_back(point + 1, number);
    }
    std::sort(events.begin(), events.end());
    lists.resize(n);
    Interner signatures;
    std::vector<uint32_t> open;
    bool whole = false;
    uint32_t since = 0;
    for (const auto& [point, set] : events) {
        if (point > since) {
            if (whole) {
                const auto [number, fresh] = signatures.add(open);
                if (fresh) {
                    ranges.emplace_back();
                    for (const uint32_t here : open) lists[here].push_back(number);
                }
                ranges[number].emplace_back(since, point - 1);
            }
            since = point;
        }
        if (set == NO_STATE) {
            whole = !whole;
            continue;
        }
        const auto place = std::lower_bound(open.begin(), open.end(), set);
        if (place != open.end() && *place == set) open.erase(place);
        else open.insert(place, set);
    }
}

uint32_t Alphabet::list(const std::vector<uint32_t>& classes) {
    const auto [number, fresh] = known_.add(classes);
    if (fresh) {
        numbers_.push_back(static_cast<uint32_t>(lists.size()));
        lists.push_back(classes);
    }
    return numbers_[number];
}

namespace {

// Per state the states with a move to it, each once.
Grouped sources_of(const Rows& part) {
    std::vector<Pair> moves;  // (target, source)
    std::vector<uint32_t> seen(part.n_states(), NO_STATE);
    for (uint32_t state = 0; state < part.n_states(); ++state) {
        const uint32_t* row = part.row(state);
        for (uint32_t c = 0; c < part.size; ++c)
            if (row[c] != NO_STATE && seen[row[c]] != state) seen[row[c]] = state, moves.emplace_back(row[c], state);
    }
    return Grouped(part.n_states(), moves, [](const Pair& p) { return p.first; }, [](const Pair& p) { return p.second; });
}

// One state per block, breadth-first from the start; states without a block vanish.
Rows renumbered(const Rows& part, const std::vector<uint32_t>& block, uint32_t blocks) {
    std::vector<uint32_t> numbers(blocks, NO_STATE), order{0};
    Rows out{part.size, {}, {}};
    numbers[block[0]] = 0;
    for (size_t i = 0; i < order.size(); ++i) {
        const uint32_t* row = part.row(order[i]);
        out.accept.push_back(part.accept[order[i]]);
        for (uint32_t c = 0; c < part.size; ++c) {
            const uint32_t here = row[c] == NO_STATE ? NO_STATE : block[row[c]];
            if (here != NO_STATE && numbers[here] == NO_STATE) {
                numbers[here] = static_cast<uint32_t>(order.size());
                order.push_back(row[c]);
            }
            out.rows.push_back(here == NO_STATE ? NO_STATE : numbers[here]);
        }
    }
    return out;
}

}  // namespace

// Without the states that never accept; no state is left where the language is empty.
Rows pruned(Rows part) {
    const uint32_t n = part.n_states();
    const Grouped sources = sources_of(part);
    std::vector<uint32_t> stack, block(n, NO_STATE);
    size_t live = 0;
    auto mark = [&](uint32_t state) {
        if (block[state] == NO_STATE) block[state] = state, stack.push_back(state), ++live;
    };
    for (uint32_t state = 0; state < n; ++state)
        if (part.accept[state] >= 0) mark(state);
    while (!stack.empty()) {
        const uint32_t state = stack.back();
        stack.pop_back();
        for (const uint32_t* s = sources.begin(state); s != sources.end(state); ++s) mark(*s);
    }
    if (!n || block[0] == NO_STATE) return {part.size, {}, {}};
    return live == n ? part : renumbered(part, block, n);
}

namespace {

// Blocks by label and by distance to the nearest acceptance; how many there are.
uint32_t first_blocks(const Rows& part, const Grouped& sources, std::vector<uint32_t>& block) {
    const uint32_t n = part.n_states();
    std::vector<uint32_t> distance(n, NO_STATE), order;
    for (uint32_t state = 0; state < n; ++state)
        if (part.accept[state] >= 0) distance[state] = 0, order.push_back(state);
    for (size_t i = 0; i < order.size(); ++i)
        for (const uint32_t* s = sources.begin(order[i]); s != sources.end(order[i]); ++s)
            if (distance[*s] == NO_STATE) distance[*s] = distance[order[i]] + 1, order.push_back(*s);
    Map known;
    uint32_t blocks = 0;
    for (uint32_t state = 0; state < n; ++state) {
        uint32_t& number = known.at(uint64_t{distance[state]} << 32 | static_cast<uint32_t>(part.accept[state] + 1));
        if (number == NO_STATE) number = blocks++;
        block[state] = number;
    }
    return blocks;
}

}  // namespace

// Partition refinement that keeps the larger half in place: see dfa_subset.minimise. A block is a span of one vector of
// states; those to be looked at again are moved to its beginning, so that the rest of a block costs nothing.
Rows minimised(Rows part, Budget& budget) {
    part = pruned(std::move(part));
    const uint32_t n = part.n_states(), size = part.size;
    if (n < 2) return part;
    const Grouped sources = sources_of(part);
    std::vector<uint32_t> blocks(n + 1, NO_STATE);  // the entry behind the last answers for no state
    uint32_t* const block = blocks.data();
    const uint32_t first = first_blocks(part, sources, blocks);
    for (uint32_t& target : part.rows)
        if (target == NO_STATE) target = n;
    std::vector<uint32_t> begin(first + 1, 0), order(n), place(n);
    for (uint32_t state = 0; state < n; ++state) ++begin[block[state] + 1];
    for (uint32_t b = 0; b < first; ++b) begin[b + 1] += begin[b];
    std::vector<uint32_t> end(begin.begin(), begin.end() - 1);
    begin.pop_back();
    auto put = [&](uint32_t at, uint32_t state) { order[at] = state, place[state] = at; };
    for (uint32_t state = 0; state < n; ++state) put(end[block[state]]++, state);

    std::vector<uint32_t> dirty, queued(n, 0), looked(first, 0), touched, table, states, group, sample, count;
    for (uint32_t state = 0; state < n; ++state)
        if (end[block[state]] - begin[block[state]] > 1) dirty.push_back(state);
    auto alike = [&](uint32_t a, uint32_t b) {
        const uint32_t *left = part.row(a), *right = part.row(b);
        for (uint32_t c = 0; c < size; ++c)
            if (block[left[c]] != block[right[c]]) return false;
        return true;
    };
    std::vector<Pair> moved;
    for (uint32_t turn = 1; !dirty.empty(); ++turn) {
        touched.clear(), moved.clear();
        for (const uint32_t state : dirty) {  // looked[b]: how many of a block lie at its beginning
            const uint32_t b = block[state];
            if (!looked[b]) touched.push_back(b);
            const uint32_t at = begin[b] + looked[b]++, other = order[at];
            put(place[state], other), put(at, state);
        }
        for (const uint32_t b : touched) {
            const uint32_t from = begin[b], until = end[b], some = looked[b];
            looked[b] = 0;
            states.assign(order.begin() + from, order.begin() + from + some);
            sample.clear(), count.clear(), group.clear();
            size_t cells = 4;
            while (cells < 2 * states.size() + 4) cells *= 2;
            table.assign(cells, NO_STATE);
            auto find = [&](uint32_t state) {  // its group, by an exact look at its row
                uint64_t hash = 0;
                const uint32_t* row = part.row(state);
                for (uint32_t c = 0; c < size; ++c) hash = (hash ^ block[row[c]]) * 0x9E3779B97F4A7C15ull + (hash >> 29);
                size_t at = mixed(hash) & (cells - 1);
                while (table[at] != NO_STATE && !alike(sample[table[at]], state)) at = (at + 1) & (cells - 1);
                if (table[at] == NO_STATE) {
                    table[at] = static_cast<uint32_t>(sample.size());
                    sample.push_back(state), count.push_back(0);
                }
                return table[at];
            };
            const bool rest = from + some < until;  // the others of the block are alike: one stands for them, as group 0
            if (rest) count[find(order[from + some])] = until - from - some;
            for (const uint32_t state : states) group.push_back(find(state)), ++count[group.back()];
            budget.take_steps(some >> 2);
            if (sample.size() == 1) continue;
            // Lay the groups one behind another, those alike to the rest in front of it; the largest keeps its number.
            const uint32_t groups = static_cast<uint32_t>(sample.size());
            uint32_t largest = 0, at = from;
            for (uint32_t g = 1; g < groups; ++g)
                if (count[g] > count[largest]) largest = g;
            for (uint32_t i = 0; i < groups; ++i) {
                const uint32_t g = i + 1 == groups ? 0 : i + 1, start = at;
                sample[g] = start;  // from here on: where the group goes next
                at += count[g];
                if (g == largest) {
                    begin[b] = start, end[b] = at;
                } else {
                    count[g] = static_cast<uint32_t>(begin.size());  // and: its new number
                    begin.push_back(start), end.push_back(at), looked.push_back(0);
                }
            }
            for (size_t i = 0; i < states.size(); ++i) put(sample[group[i]]++, states[i]);
            for (uint32_t g = 0; g < groups; ++g) {
                if (g == largest) continue;
                for (uint32_t i = begin[count[g]]; i < end[count[g]]; ++i) moved.emplace_back(order[i], count[g]);
            }
        }
        for (const auto& [state, number] : moved) block[state] = number;  // only now: a round compares by the same blocks
        dirty.clear();
        for (const auto& [state, number] : moved)
            for (const uint32_t* s = sources.begin(state); s != sources.end(state); ++s)
                if (queued[*s] != turn && end[block[*s]] - begin[block[*s]] > 1) queued[*s] = turn, dirty.push_back(*s);
    }
    for (uint32_t& target : part.rows)
        if (target == n) target = NO_STATE;
    return renumbered(part, blocks, static_cast<uint32_t>(begin.size()));
}

}  // namespace structgen::automata
