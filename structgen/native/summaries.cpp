#include "cover.hpp"

#include <algorithm>
#include <bit>

namespace structgen {

namespace {
// Nodes below which a walk over the trie is cheaper than to ask for what is shared.
constexpr uint64_t FEW = 4096;
constexpr uint32_t DEEPEST = 400;

void sort_out(std::vector<uint32_t>& items) {
    if (!std::is_sorted(items.begin(), items.end())) std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
}
}  // namespace

uint32_t HeadStore::of(const std::vector<uint32_t>& nodes) {
    if (nodes.empty()) return 0;
    uint64_t hash = nodes.size();
    for (uint32_t node : nodes) hash = mix(hash, node);
    return table_.intern(
        hash,
        [&](uint32_t id) {
            return static_cast<size_t>(end(id) - begin(id)) == nodes.size() && std::equal(nodes.begin(), nodes.end(), begin(id));
        },
        [&] {
            items_.insert(items_.end(), nodes.begin(), nodes.end());
            start_.push_back(static_cast<uint32_t>(items_.size()));
            return static_cast<uint32_t>(start_.size() - 2);
        });
}

Summaries::Summaries(Vocabulary& vocabulary, const Tables& tables) : vocabulary_(vocabulary), tables_(tables) {
    bool calls = false;
    for (const State& state : tables.states) {
        if (state.kind != SPLIT && state.kind != CALL && state.kind != RETURN && state.kind != SPAN) return;
        calls |= state.kind == CALL;
    }
    for (const Span& span : tables.spans)
        if (span.json() || span.role != VALUE || span.min_length > 0 || span.max_length != INFINITE) return;
    usable = calls;
}

void Summaries::clear() {
    states_.clear();
    texts_.clear();
    heads_ = HeadStore();
    head_bytes_.clear();
    bytes_ = 0;
}

// -- the bytes that may come first ------------------------------------------------------------------------------------

const Summaries::First& Summaries::first(uint32_t state) {
    if (first_.empty()) find_first();
    return first_[state];
}

// The least sets that fit each other.
void Summaries::find_first() {
    first_.resize(tables_.states.size());
    auto add = [&](First& to, uint32_t state) { to.bytes |= first_[state].bytes, to.labels |= first_[state].labels; };
    auto add_behind = [&](First& to, uint64_t labels, uint32_t slot) {
        for (uint32_t label = 0; labels; ++label, labels >>= 1)
            if (labels & 1 && slot + label < tables_.returns.size() && tables_.returns[slot + label] != DEAD_SLOT)
                add(to, tables_.returns[slot + label]);
    };
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = tables_.states.size(); i-- > 0;) {
            const State& state = tables_.states[i];
            First found;
            if (state.kind == RETURN) {
                if (state.a >= 64) usable = false;
                else found.labels = 1ull << state.a;
            } else if (state.kind == SPLIT) {
                for (uint32_t j = 0; j < state.b; ++j) add(found, tables_.targets[state.a + j]);
            } else if (state.kind == CALL) {
                found.bytes = first_[state.a].bytes;
                add_behind(found, first_[state.a].labels, state.b);
            } else {
                const Dfa& dfa = *tables_.dfas[tables_.spans[state.a].dfa];
                for (uint32_t e = dfa.edge_start[dfa.start]; e < dfa.edge_start[dfa.start + 1]; ++e)
                    for (uint32_t byte = dfa.edges[e].low; byte <= dfa.edges[e].high; ++byte) found.bytes.set(byte);
                if (dfa.accept[dfa.start] >= 0) add(found, tables_.returns[state.b + static_cast<uint32_t>(dfa.accept[dfa.start])]);
            }
            if (found.bytes != first_[i].bytes || found.labels != first_[i].labels) first_[i] = found, changed = true;
        }
    }
}

uint32_t Summaries::number(const Bytes& bytes) {
    const auto found = std::find(sets_.begin(), sets_.end(), bytes);
    if (found == sets_.end()) return sets_.push_back(bytes), static_cast<uint32_t>(sets_.size() - 1);
    return static_cast<uint32_t>(found - sets_.begin());
}

// -- states -------------------------------------------------------------------------------------------------------------

void Summaries::unite(Found& out, const Found& other) const {
    out.items.insert(out.items.end(), other.items.begin(), other.items.end());
    if (other.row.empty()) return;
    if (out.row.empty()) out.row = other.row;
    else
        for (size_t w = 0; w < out.row.size(); ++w) out.row[w] |= other.row[w];
}

const Summaries::Found& Summaries::state(uint32_t heads, uint32_t number, uint32_t depth) {
    const auto [at, fresh] = states_.try_emplace(static_cast<uint64_t>(heads) << 32 | number);
    Found& out = at->second;
    if (!fresh) {
        if (!out.known) usable = false;  // it asks for itself
        return out;
    }
    if (depth > DEEPEST || !usable) {
        usable = false;
        return out;
    }
    take(1);
    const State state = tables_.states[number];
    std::vector<Exit> exits;
    auto add = [&](const Found& found) {
        unite(out, found);
        exits.insert(exits.end(), found.exits.begin(), found.exits.end());
    };
    auto go_on = [&](uint32_t to, uint32_t target) {
        if (target == DEAD_SLOT) return;
        const First& can = first(target);
        if (can.labels || (heads_bytes(to) & can.bytes).any()) add(this->state(to, target, depth + 1));
    };
    auto behind = [&](const Found& found, uint32_t slot) {
        unite(out, found);
        for (const Exit& exit : found.exits)
            if (slot + exit.label < tables_.returns.size()) go_on(exit.heads, tables_.returns[slot + exit.label]);
    };
    if (state.kind == RETURN) exits.push_back({state.a, heads});
    else if (state.kind == SPLIT)
        for (uint32_t i = 0; i < state.b; ++i) go_on(heads, tables_.targets[state.a + i]);
    else if (state.kind == CALL) behind(this->state(heads, state.a, depth + 1), state.b);
    else behind(read(heads, state), state.b);
    join(out, exits);
    settle(out);
    return out;
}

const Summaries::Bytes& Summaries::heads_bytes(uint32_t heads) {
    while (head_bytes_.size() <= heads) {
        Bytes bytes;
        const uint32_t set = static_cast<uint32_t>(head_bytes_.size());
        for (const uint32_t* node = heads_.begin(set); node != heads_.end(set); ++node) bytes.set(vocabulary_.trie.byte[*node]);
        head_bytes_.push_back(bytes);
    }
    return head_bytes_[heads];
}

// One set of heads for each label.
void Summaries::join(Found& out, std::vector<Exit>& exits) {
    std::sort(exits.begin(), exits.end());
    for (size_t i = 0, end = 0; i < exits.size(); i = end) {
        for (end = i + 1; end < exits.size() && exits[end].label == exits[i].label;) ++end;
        uint32_t heads = exits[i].heads;
        if (std::any_of(exits.begin() + static_cast<std::ptrdiff_t>(i), exits.begin() + static_cast<std::ptrdiff_t>(end),
                        [&](const Exit& exit) { return exit.heads != heads; })) {
            std::vector<uint32_t> nodes;
            for (size_t j = i; j < end; ++j) nodes.insert(nodes.end(), heads_.begin(exits[j].heads), heads_.end(exits[j].heads));
            sort_out(nodes);
            heads = heads_.of(nodes);
        }
        if (heads) out.exits.push_back({exits[i].label, heads});
    }
}

// Tokens once each, as a list or a row.
void Summaries::settle(Found& out) {
    const size_t words = vocabulary_.words();
    if (!out.row.empty() || out.items.size() > words / 8) {
        if (out.row.empty()) out.row.assign(words, 0u);
        for (uint32_t t : out.items) out.row[t >> 5] |= 1u << (t & 31);
        out.items.clear();
        size_t count = 0;
        for (uint32_t word : out.row) count += static_cast<size_t>(std::popcount(word));
        if (count <= words / 2) {
            out.items.reserve(count);
            for (uint32_t w = 0; w < words; ++w)
                for (uint32_t bits = out.row[w]; bits; bits &= bits - 1)
                    out.items.push_back(32 * w + static_cast<uint32_t>(std::countr_zero(bits)));
            out.row = {};
        }
    } else {
        sort_out(out.items);
    }
    out.items.shrink_to_fit();
    out.known = true;
    bytes_ += sizeof(Found) + 64 + 4 * (out.items.size() + out.row.size()) + sizeof(Exit) * out.exits.size();
}

// -- texts --------------------------------------------------------------------------------------------------------------

void Summaries::take(uint64_t number) {
    if (number > budget) throw LimitError("mask_steps", "one mask takes too many byte steps");
    budget -= number;
}

Summaries::Place Summaries::stepped(const Dfa& dfa, Place from, uint32_t byte) {
    const decoder::Step step = decoder::step_raw(from.mode, byte);
    return {step.what == decoder::DEAD ? NONE : dfa.step(from.state, byte), step.state};
}

// From heads through a whole text.
const Summaries::Found& Summaries::read(uint32_t heads, const State& state) {
    const Dfa& dfa = *tables_.dfas[tables_.spans[state.a].dfa];
    Bytes following;
    auto add = [&](uint32_t label) {
        const uint32_t target = tables_.returns[state.b + label];
        if (target == DEAD_SLOT) return;
        following |= first(target).bytes;
        if (first(target).labels) following.set();
    };
    for (uint32_t label : labels_of(dfa, dfa.start)) add(label);
    const auto [at, fresh] = texts_.try_emplace(Key{&dfa, heads, dfa.start, number(following)});
    Found& out = at->second;
    if (!fresh && out.known) return out;
    Marked exits;
    const std::vector<uint32_t> nodes(heads_.begin(heads), heads_.end(heads));
    const int32_t label = dfa.accept[dfa.start];
    for (uint32_t node : nodes) {
        if (label >= 0 && following[vocabulary_.trie.byte[node]]) exits.add(label, node);
        walk(dfa, {dfa.start, decoder::START}, node, following, &out, exits);
    }
    leave(out, exits);
    settle(out);
    return out;
}

const Summaries::Found& Summaries::text(const Dfa& dfa, Place from, const Bytes& following) {
    const auto [at, fresh] = texts_.try_emplace(Key{&dfa, NONE - from.mode, from.state, number(following)});
    Found& out = at->second;
    if (!fresh && out.known) return out;
    const Trie& trie = vocabulary_.trie;
    uint64_t all = 0;
    for (uint32_t byte = 0; byte < 256; ++byte)
        if (trie.root[byte] != trie.root[byte + 1] && stepped(dfa, from, byte).state != NONE)
            all += trie.end[trie.root[byte]] - trie.root[byte];
    const bool shared = from.mode == decoder::START && all > FEW;
    if (shared) {
        out.part = &dfa.part(vocabulary_, decoder::RAW, from.state);
        take(out.part->steps);
    }
    Marked exits;
    if (!shared || (following.any() && !jump(dfa, from.state, following, all, exits)))
        for (uint32_t byte = 0; byte < 256; ++byte)
            if (trie.root[byte] != trie.root[byte + 1] && stepped(dfa, from, byte).state != NONE)
                walk(dfa, from, trie.root[byte], following, shared ? nullptr : &out, exits);
    leave(out, exits);
    settle(out);
    return out;
}

// The node's byte is the next one. Exits are what follows a beginning that the text may end with, but not the node itself.
void Summaries::walk(const Dfa& dfa, Place from, uint32_t node, const Bytes& following, Found* out, Marked& exits) {
    const Trie& trie = vocabulary_.trie;
    const uint32_t end = trie.end[node], base = trie.depth[node];
    uint64_t visited = 0;
    path_.assign(1, from);
    for (uint32_t here = node; here < end;) {
        ++visited;
        const uint32_t level = trie.depth[here] - base, byte = trie.byte[here];
        const Place before = path_[level];
        if (level > 0 && following[byte] && before.mode == decoder::START && dfa.accept[before.state] >= 0)
            exits.add(dfa.accept[before.state], here);
        const Place after = stepped(dfa, before, byte);
        if (after.state == NONE) {
            here = trie.end[here];
            continue;
        }
        if (out) out->items.insert(out->items.end(), trie.items.begin() + trie.first[here], trie.items.begin() + trie.first[here + 1]);
        if (path_.size() <= level + 1) path_.resize(level + 2);
        path_[level + 1] = after;
        ++here;
    }
    take(visited);
}

// The exits of a text in a state that many characters lead back to: only the tokens are looked at that have a byte which
// leads out of it. False where that takes more steps than a walk.
bool Summaries::jump(const Dfa& dfa, uint32_t state, const Bytes& following, uint64_t all, Marked& exits) {
    const Trie& trie = vocabulary_.trie;
    const Places& places = vocabulary_.places();
    Bytes leaving, ending;
    const uint32_t known = returns_beyond_ascii(dfa, state) ? 128 : 256;
    for (uint32_t byte = 0; byte < known; ++byte) {
        const uint32_t target = dfa.step(state, byte);
        leaving[byte] = target != NONE && target != state;
    }
    if (dfa.accept[state] >= 0) ending = following;
    uint64_t most = 0;
    for (uint32_t byte = 0; byte < 256; ++byte)
        if (leaving[byte] || ending[byte]) most += places.steps[byte];
    if (most >= all) return false;
    for (uint32_t byte = 0; byte < 256; ++byte) {
        if (!leaving[byte] && !ending[byte]) continue;
        if (leaving[byte] && trie.root[byte] != trie.root[byte + 1])
            walk(dfa, {state, decoder::START}, trie.root[byte], following, nullptr, exits);
        take(places.start[byte + 1] - places.start[byte]);
        for (uint32_t i = places.start[byte]; i < places.start[byte + 1]; ++i) {
            const uint32_t node = places.nodes[i];
            const std::string_view text = vocabulary_.text(trie.items[trie.first[node]]).substr(0, trie.depth[node]);
            Place here{state, decoder::START};
            for (char c : text) {
                const uint32_t before = static_cast<uint8_t>(c);
                here = leaving[before] ? Place{NONE, 0} : stepped(dfa, here, before);
                if (here.state == NONE) break;
            }
            if (here.state == NONE) continue;
            if (ending[byte] && here.state == state && here.mode == decoder::START) exits.add(dfa.accept[state], node);
            if (leaving[byte]) walk(dfa, here, node, following, nullptr, exits);
        }
    }
    return true;
}

void Summaries::leave(Found& out, Marked& exits) {
    for (auto& [label, nodes] : exits.nodes) {
        sort_out(nodes);
        out.exits.push_back({label, heads_.of(nodes)});
    }
    std::sort(out.exits.begin(), out.exits.end());
}

std::vector<uint32_t> Summaries::labels_of(const Dfa& dfa, uint32_t state) {
    if (dfa.labels.empty()) return {0};
    return {dfa.labels.begin() + dfa.label_start[state], dfa.labels.begin() + dfa.label_start[state + 1]};
}

// -- masks ---------------------------------------------------------------------------------------------------------------

// In a grammar of rules and raw texts alone (summaries.hpp): false if this is none.
bool Engine::cover_rules(const Configuration& here, Cover& out) {
    if (!summaries_.usable) return false;
    summaries_.budget = steps_left_;
    try {
        for (uint32_t i = here.first; i < here.first + here.size; ++i) cover_rules(threads_[i], out);
    } catch (...) {
        summaries_.clear();  // what was begun
        throw;
    }
    charge(steps_left_ - summaries_.budget);
    if (summaries_.usable) return true;
    summaries_.clear();
    out = Cover();
    return false;
}

void Engine::cover_rules(const Thread& thread, Cover& out) {
    const Dfa& dfa = reader(thread).dfa;
    const Frame frame = frames_[thread.frame];
    Summaries::Bytes following;
    for (uint32_t label : Summaries::labels_of(dfa, thread.a))
        if (tables->returns[frame.slot + label] != DEAD_SLOT)
            first_bytes(tables->returns[frame.slot + label], frame.parent, following);
    const Summaries::Found& found = summaries_.text(dfa, {thread.a, thread.b}, following);
    if (found.part) add_part(*found.part, out);
    out.add(found);
    for (const Summaries::Exit& exit : found.exits)
        if (tables->returns[frame.slot + exit.label] != DEAD_SLOT)
            go_on(exit.heads, tables->returns[frame.slot + exit.label], frame.parent, out);
}

void Engine::go_on(uint32_t heads, uint32_t state, uint32_t frame, Cover& out) {
    if (std::find(out.gone_on.begin(), out.gone_on.end(), std::array{heads, state, frame}) != out.gone_on.end()) return;
    out.gone_on.push_back({heads, state, frame});
    const Summaries::Found& found = summaries_.state(heads, state);
    out.add(found);
    if (frame == 0) return;  // at the bottom: nothing comes behind
    const Frame below = frames_[frame];
    for (const Summaries::Exit& exit : found.exits) {
        const size_t slot = static_cast<size_t>(below.slot) + exit.label;
        if (slot < tables->returns.size() && tables->returns[slot] != DEAD_SLOT)
            go_on(exit.heads, tables->returns[slot], below.parent, out);
    }
}

// The bytes that may come first in a state with a stack, or more.
void Engine::first_bytes(uint32_t state, uint32_t frame, Summaries::Bytes& out, uint32_t depth) {
    const Summaries::First& first = summaries_.first(state);
    out |= first.bytes;
    if (frame == 0) return;
    if (depth > 50 && first.labels) out.set();
    if (depth > 50) return;
    const Frame below = frames_[frame];
    for (uint64_t labels = first.labels; labels; labels &= labels - 1) {
        const size_t slot = below.slot + static_cast<size_t>(std::countr_zero(labels));
        if (slot < tables->returns.size() && tables->returns[slot] != DEAD_SLOT)
            first_bytes(tables->returns[slot], below.parent, out, depth + 1);
    }
}

}  // namespace structgen
