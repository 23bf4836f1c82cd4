// Which tokens a configuration allows. A token is allowed if some thread survives it, so a mask is the union over threads:
//
// * Inside a JSON string in which any character may come, the tokens that stay inside are one row that all grammars share;
//   the tokens that leave it are grouped by what stands behind the closing quote, and each of those suffixes is walked once.
// * A key that must not repeat is such a string too, once it differs from every name used; while it does not, the tokens
//   that follow a used or listed name are looked at one by one and corrected (keys.cpp).
// * In a string with a pattern its automaton alone decides, once per state for all grammars (parts.hpp); what follows the
//   closing quote is added as above.
// * So does the automaton of a raw text, which ends by itself: the tokens that go on behind it are found by the bytes that
//   may follow, and only those are looked at (cover_exits). A key without quotes is both (keys.cpp).
// * In a grammar of rules and raw texts alone (tokens of a lexer) all of this is found once for all stacks (summaries.hpp).
// * Everything else is a walk over the trie that never enters a subtree behind a dead byte.

#include <algorithm>
#include <bit>
#include <cstring>

#include "cover.hpp"

namespace structgen {

namespace {
constexpr uint32_t NOWHERE = 0;
// A mask used so often becomes a row of its own, at most so many a grammar: setting 280 bits costs as much as the copy.
constexpr uint32_t HOT_USES = 16, HOT_DIFFERENCE = 32, HOT_ROWS = 6;

void allow(uint64_t live[4], uint32_t low, uint32_t high) {
    for (uint32_t word = low >> 6; word <= high >> 6; ++word) {
        const uint32_t from = std::max(low, 64 * word) & 63, to = std::min(high, 64 * word + 63) & 63;
        live[word] |= (~0ull >> (63 - to)) & (~0ull << from);
    }
}

bool is_live(const uint64_t live[4], uint32_t byte) { return live[byte >> 6] >> (byte & 63) & 1; }
}  // namespace

void Engine::charge(uint64_t steps) {
    nodes_visited += steps;
    if (steps_left_ < steps) throw LimitError("mask_steps", "one mask takes too many byte steps");
    steps_left_ -= steps;
}

void Engine::fill(uint32_t configuration, uint32_t* out) {
    uint32_t id = configurations_[configuration].mask;
    if (id == NONE) id = mask_of(configuration);
    Mask& mask = masks_[id];
    if (++mask.uses == HOT_USES && mask.added + mask.removed > HOT_DIFFERENCE && promoted_ < HOT_ROWS) promote(mask);
    const size_t bytes = 4 * static_cast<size_t>(vocabulary->words());
    if (mask.base) std::memcpy(out, mask.base, bytes);
    else std::memset(out, 0, bytes);
    const uint32_t* item = items_.data() + mask.first;
    for (const uint32_t* end = item + mask.added; item != end; ++item) out[*item >> 5] |= 1u << (*item & 31);
    for (const uint32_t* end = item + mask.removed; item != end; ++item) out[*item >> 5] &= ~(1u << (*item & 31));
}

void Engine::fill_by_steps(uint32_t configuration, uint32_t* out) {
    std::memset(out, 0, 4 * static_cast<size_t>(vocabulary->words()));
    const Trie& trie = vocabulary->trie;
    std::vector<uint32_t> path(1, configuration);
    for (uint32_t node = 0; node < trie.size();) {
        const uint32_t depth = trie.depth[node], following = step_cold(path[depth], trie.byte[node]);
        if (following == NOWHERE) {
            node = trie.end[node];
            continue;
        }
        for (uint32_t i = trie.first[node]; i < trie.first[node + 1]; ++i)
            out[trie.items[i] >> 5] |= 1u << (trie.items[i] & 31);
        path.resize(depth + 1);
        path.push_back(following);
        ++node;
    }
}

uint32_t Engine::mask_of(uint32_t configuration) {
    const Configuration here = configurations_[configuration];
    if (here.mask != NONE) return here.mask;
    uint32_t id = NONE;
    if (here.size == 1) {
        const Thread thread = threads_[here.first], canonical = canonical_thread(thread);
        if (canonical != thread) id = mask_of(intern_thread(canonical));
    }
    if (id == NONE) {
        steps_left_ = limits_.mask_steps;
        Cover out;
        const bool named = !tables->names.steps.empty();
        if (named && !scopes_.boxed) cover_named(here, out);
        else if (named || !cover_rules(here, out))
            for (uint32_t i = 0; i < here.size; ++i) {
                const Thread thread = threads_[here.first + i];  // a copy: covering makes further threads
                cover(thread, out);
            }
        id = store(out);
        ++masks_computed;
    }
    return configurations_[configuration].mask = id;
}

// The thread that has the same mask and stands for all that differ from it only in what no token can reach: the length
// of a string far from its bounds, the letters of a key that no longer resembles a used one.
Thread Engine::canonical_thread(const Thread& thread) const {
    if (tables->states[thread.state].kind != SPAN || box_of(thread) != 0) return thread;
    const SpanReader& span = reader(thread);
    Thread found = thread;
    const uint32_t far = vocabulary->longest() + 1, least = span.span.min_length, most = span.span.max_length;
    if (span.counts && span.span.json()) {
        const uint32_t count = thread.c, further = far + span.dfa.longest_wait;
        if (span.dfa.any && count < least && least - count > far) found.c = least - far;
        else if (count >= least && most != INFINITE && most - count > further && most - further >= least)
            found.c = most - further;
    }
    if (span.tracked && span.dfa.universal[thread.a] && thread.b == decoder::START &&
        !stores_.resembles(frames_[thread.frame].registers.texts, thread.d))
        found.d = TextStore::UNLIKE;
    return found;
}

// What is part of an item that must differ: which tokens leave a text depends on the text. Where tokens that stay inside
// always can, they are the row that all grammars share.
void Engine::cover_boxed(const Thread& thread, Cover& out) {
    if (tables->states[thread.state].kind == SPAN && thread.b == decoder::START && reader(thread).span.json()) {
        const SpanReader& span = reader(thread);
        const uint32_t most = span.span.max_length;
        const bool endless = most == INFINITE || (span.free && thread.c < most && most - thread.c > vocabulary->longest() + 1);
        const bool shared = !out.inside || out.encoding == span.span.encoding;
        if (endless && shared && span.dfa.total[thread.a] && span.rich(thread.reading(), frames_[thread.frame].registers)) {
            out.add_inside(INFINITE, span.span.encoding);
            walk_root(vocabulary->leaving, intern_thread(thread), out);
        } else {
            cover_text(thread, span, out);
        }
        return;
    }
    walk_root(vocabulary->trie, intern_thread(thread), out);
}

void Engine::cover(const Thread& thread, Cover& out) {
    if (box_of(thread) != 0) {
        cover_boxed(thread, out);
        return;
    }
    if (tables->states[thread.state].kind == SPAN && thread.b == decoder::START) {
        const SpanReader& span = reader(thread);
        if (span.span.json()) {
            if (!cover_string(thread, span, out) && !cover_part(thread, span, out)) cover_text(thread, span, out);
            return;
        }
        if (cover_raw_key(thread, span, out)) return;
        if (span.span.role == VALUE) {
            const uint32_t after = finished(thread, 0, thread.d);
            if (configurations_[after].size == 0 || cover_exits(thread, span, after, out)) {
                add_part(part_of(thread, span, out), out);
                return;
            }
        }
    }
    walk_root(vocabulary->trie, intern_thread(thread), out);
}

// The tokens that end a raw text and go on behind it: a byte that may follow stands there behind a beginning that the text
// may end with. (One that may follow at once is another thread's.) A token with several such places is added for each that
// goes on to its end. False where a walk over the trie may take fewer steps; this never takes more.
bool Engine::cover_exits(const Thread& thread, const SpanReader& span, uint32_t after, Cover& out) {
    const Trie& trie = vocabulary->trie;
    const Places& places = vocabulary->places();
    const Registers waiting = frames_[thread.frame].registers;
    uint64_t live[4] = {}, begins[4] = {}, most = 0, walk = 0;
    live_bytes(after, live);
    live_bytes(intern_thread(thread), begins);
    for (uint32_t byte = 0; byte < 256; ++byte) {
        if (is_live(live, byte)) most += places.steps[byte];
        if (is_live(begins, byte) && trie.root[byte] != trie.root[byte + 1]) walk += trie.end[trie.root[byte]] - trie.root[byte];
    }
    // The walk of a number, say, meets a few hundred nodes; that of a free text nearly all.
    if (most > std::min<uint64_t>(trie.size() / 4, walk)) return false;
    for (uint32_t byte = 0; byte < 256; ++byte) {
        if (!is_live(live, byte)) continue;
        for (uint32_t i = places.start[byte]; i < places.start[byte + 1]; ++i) {
            const uint32_t node = places.nodes[i], depth = trie.depth[node];
            const std::string_view text = vocabulary->text(trie.items[trie.first[node]]);
            Reading here = thread.reading(), next;
            bool ended = false, alive = true;
            for (uint32_t at = 0; at < depth && alive; ++at, here = next)
                alive = span.step(here, static_cast<uint8_t>(text[at]), waiting, next, ended);
            charge(depth + 1);
            if (alive && span.label(here, waiting) == 0) walk_node(trie, after, node, out);
        }
    }
    return true;
}

// A short part is as good as single tokens, and saves the rows of a union.
void Engine::add_part(const Part& part, Cover& out) {
    if (part.base == nullptr && part.removed.empty() && part.added.size() <= vocabulary->words() / 8)
        out.added.insert(out.added.end(), part.added.begin(), part.added.end());
    else
        out.parts.push_back(&part);
}

// What the text's automaton says, shared where no bound of its length is near.
const Part& Engine::part_of(const Thread& thread, const SpanReader& span, Cover& out) {
    const uint32_t least = span.span.min_length, most = span.span.max_length, count = thread.c;
    const uint32_t longest = span.span.json() ? vocabulary->longest() : vocabulary->longest_text();
    const bool far = count >= least && (most == INFINITE || most - count > longest + span.dfa.longest_wait);
    if (far) {
        const Part& part = span.dfa.part(*vocabulary, span.span.encoding, thread.a);
        charge(part.steps);  // also where another grammar has made it, so that a limit does not depend on others
        return part;
    }
    out.own.push_back(span.dfa.part(*vocabulary, span.span.encoding, thread.a, {count, least, most}));
    charge(out.own.back()->steps);
    return *out.own.back();
}

// A JSON string with a pattern whose tokens do not depend on what has been used, but for corrections; false if they do.
bool Engine::cover_part(const Thread& thread, const SpanReader& span, Cover& out) {
    if (span.keys && (!span.tracked || !span.keys->allows(span.keys->listed(), frames_[thread.frame].registers))) return false;
    // Where there are only so many texts, each one used matters to the next.
    if (span.tracked && span.dfa.count[span.dfa.start] < INFINITE) return false;
    const Part& part = part_of(thread, span, out);
    const size_t before = out.added.size();
    const uint32_t listed = span.keys ? span.keys->listed() : 0;
    auto add_leavers = [&](uint32_t label) {  // listed names are corrected below
        const uint32_t after = finished(thread, label, span.tracked ? TextStore::UNLIKE : thread.d);
        if (after == NOWHERE || part.leavers.empty()) return;
        const uint32_t at = leaver_groups(after, span.tracked ? 2 : 0);
        std::vector<bool> allowed(vocabulary->independence.size(), false);
        for (uint32_t i = 1; i <= items_[at]; ++i) allowed[items_[at + i]] = true;
        for (const Part::Leaver& leaver : part.leavers)
            if (allowed[leaver.group] && (!span.keys || leaver.label == static_cast<int32_t>(label)))
                out.added.push_back(leaver.token);
    };
    if (!span.keys) add_leavers(0);
    else
        for (uint32_t i = span.dfa.label_start[thread.a]; i < span.dfa.label_start[thread.a + 1]; ++i)
            if (span.dfa.labels[i] >= listed) add_leavers(span.dfa.labels[i]);
    if (!span.tracked) {
        out.parts.push_back(&part);
        return true;
    }
    auto corrected = std::make_unique<Part>();
    corrected->base = part.base;
    corrected->added = part.added;
    corrected->removed = part.removed;
    std::vector<uint32_t> dropped = correct_keys(thread, span, vocabulary->trie, 2, before, out);
    std::erase_if(corrected->added, [&](uint32_t t) { return std::binary_search(dropped.begin(), dropped.end(), t); });
    corrected->removed.insert(corrected->removed.end(), dropped.begin(), dropped.end());
    out.parts.push_back(corrected.get());
    out.own.push_back(std::move(corrected));
    return true;
}

// A JSON string in which any character may come; false if this is none.
bool Engine::cover_string(const Thread& thread, const SpanReader& span, Cover& out) {
    const Dfa& dfa = span.dfa;
    const Registers waiting = frames_[thread.frame].registers;
    const uint32_t least = span.span.min_length, most = span.span.max_length;
    if (out.inside && out.encoding != span.span.encoding) return false;
    if (!dfa.total[thread.a] || (most != INFINITE && !dfa.any)) return false;
    if (span.span.role != VALUE && dfa.count[thread.a] < INFINITE) return false;
    if (span.keys && (!span.keys->allows(span.keys->listed(), waiting) || !span.one_other(thread.a))) return false;
    const uint32_t room = most == INFINITE ? INFINITE : most - thread.c;
    // An item must also differ from those that came where a token makes it as long as it may be.
    Part* filled = nullptr;
    if (span.span.role == UNIQUE && room <= vocabulary->longest()) {
        out.own.push_back(std::make_unique<Part>());
        filled = out.own.back().get();
        filled->base = vocabulary->inside(room, span.span.encoding);
        out.parts.push_back(filled);
    } else {
        out.add_inside(room, span.span.encoding);
    }
    if (!dfa.open[thread.a]) {  // whether it may end here depends on what the token says first
        walk_root(vocabulary->leaving, intern_thread(thread), out);
        return true;
    }
    const uint32_t need = least > thread.c ? least - thread.c : 0;
    const uint32_t label = span.keys ? dfa.labels[dfa.label_start[thread.a + 1] - 1] : static_cast<uint32_t>(dfa.accept[thread.a]);
    const size_t before = out.added.size();
    cover_leavers(finished(thread, label, TextStore::UNLIKE), need, room, span.tracked ? 1 : 0, span.span.encoding, out);
    if (!span.tracked) return true;
    std::vector<uint32_t> dropped = correct_keys(thread, span, filled ? vocabulary->trie : vocabulary->leaving, 1, before, out);
    if (filled) filled->removed = std::move(dropped);
    return true;
}

// Adds the tokens that end the string after `least` to `most` characters, given the configuration behind it.
void Engine::cover_leavers(uint32_t after, uint32_t least, uint32_t most, uint8_t independence, uint8_t encoding,
                           Cover& out) {
    if (after == NOWHERE) return;
    const uint32_t at = leaver_groups(after, independence);
    for (uint32_t i = 1; i <= items_[at]; ++i) {
        const uint32_t group = items_[at + i];
        for (uint32_t j = vocabulary->group_start[group]; j < vocabulary->group_start[group + 1]; ++j) {
            const Leaver& leaver = vocabulary->leavers[j];
            if (leaver.characters >= least && leaver.characters <= most && vocabulary->is_written(leaver.token, encoding)) out.added.push_back(leaver.token);
        }
    }
}

// The groups of suffixes, at least so independent, that may come behind a closing quote: at this place in items_ their
// number, then they.
uint32_t Engine::leaver_groups(uint32_t after, uint8_t independence) {
    const uint64_t key = static_cast<uint64_t>(after) << 2 | independence;
    uint32_t at = leavers_.find(key);
    if (at != NONE) return at;
    Cover groups;
    walk_root(vocabulary->suffixes, after, groups);
    if (vocabulary->empty_group != NONE) groups.added.push_back(vocabulary->empty_group);
    std::erase_if(groups.added, [&](uint32_t g) { return vocabulary->independence[g] < independence; });
    at = static_cast<uint32_t>(items_.size());
    items_.push_back(static_cast<uint32_t>(groups.added.size()));
    items_.insert(items_.end(), groups.added.begin(), groups.added.end());
    leavers_.insert(key, at);
    return at;
}

// A key or an item of which there are only so many (always in JSON's quotes): the trie walked with the text's own registers, configurations only where it
// ends or escapes.
void Engine::cover_text(const Thread& thread, const SpanReader& span, Cover& out) {
    const Trie& trie = vocabulary->trie;
    const Registers waiting = frames_[thread.frame].registers;
    std::vector<Reading> path(1, thread.reading());
    uint64_t live[4] = {};
    live_bytes(intern_thread(thread), live);
    for (uint32_t first = 0; first < 256; ++first) {
        if (!is_live(live, first) || trie.root[first] == trie.root[first + 1]) continue;
        const uint32_t last = trie.root[first + 1];
        for (uint32_t node = trie.root[first]; node < last;) {
            const uint32_t depth = trie.depth[node], byte = trie.byte[node];
            const Reading here = path[depth];
            charge(1);
            if (here.decoder == decoder::START && (byte == '"' || byte == '\\')) {
                Thread at = thread;
                at.a = here.state, at.b = here.decoder, at.c = here.count, at.d = here.text;
                walk_node(trie, intern_thread(at), node, out);
                node = trie.end[node];
                continue;
            }
            Reading next;
            bool ended = false;
            if (!span.step(here, byte, waiting, next, ended) ||
                (scopes_.boxed && !can_differ({thread.state, thread.frame, next.state, next.decoder, next.count, next.text}))) {
                node = trie.end[node];
                continue;
            }
            out.add(trie, node);
            if (path.size() <= depth + 1) path.resize(depth + 2);
            path[depth + 1] = next;
            ++node;
        }
    }
}

// Walks one node and its subtree from the configuration in front of it.
void Engine::walk_node(const Trie& trie, uint32_t configuration, uint32_t node, Cover& out) {
    const uint32_t following = step(configuration, trie.byte[node]);
    if (following == NOWHERE) return;
    out.add(trie, node);
    walk_trie(trie, following, node + 1, trie.end[node], trie.depth[node] + 1, out);
}

void Engine::walk_root(const Trie& trie, uint32_t configuration, Cover& out) {
    uint64_t live[4] = {};
    live_bytes(configuration, live);
    for (int word = 0; word < 4; ++word)
        for (uint64_t bits = live[word]; bits; bits &= bits - 1) {
            const uint32_t byte = static_cast<uint32_t>(64 * word + std::countr_zero(bits));
            if (trie.root[byte] != trie.root[byte + 1]) walk_node(trie, configuration, trie.root[byte], out);
        }
}

// The nodes `first` to `last` lie below a node whose configuration is given; `depth` is that of its children.
void Engine::walk_trie(const Trie& trie, uint32_t configuration, uint32_t first, uint32_t last, uint32_t depth,
                       Cover& out) {
    if (first == last) return;
    struct Level {
        uint32_t configuration;
        uint64_t live[4];
    };
    std::vector<Level> path(1);
    path[0].configuration = configuration;
    std::memset(path[0].live, 0, sizeof path[0].live);
    live_bytes(configuration, path[0].live);
    uint64_t steps = 0;
    for (uint32_t node = first; node < last;) {
        const uint32_t level = trie.depth[node] - depth, byte = trie.byte[node];
        ++steps;
        uint32_t following = NOWHERE;
        if (is_live(path[level].live, byte)) following = step(path[level].configuration, byte);
        if (following == NOWHERE) {
            node = trie.end[node];
            continue;
        }
        out.add(trie, node);
        if (trie.end[node] > node + 1) {
            if (path.size() <= level + 1) path.resize(level + 2);
            Level& next = path[level + 1];
            next.configuration = following;
            std::memset(next.live, 0, sizeof next.live);
            live_bytes(following, next.live);
        }
        ++node;
        if (steps > 4096) charge(steps), steps = 0;
    }
    charge(steps);
}

// The bytes that may come next, or some more: a filter in front of `step`.
void Engine::live_bytes(uint32_t configuration, uint64_t live[4]) const {
    const Configuration& here = configurations_[configuration];
    live_bytes(threads_.data() + here.first, threads_.data() + here.first + here.size, live);
}

void Engine::live_bytes(const Thread* first, const Thread* last, uint64_t live[4]) const {
    for (; first != last; ++first) {
        const Thread& thread = *first;
        const State& state = tables->states[thread.state];
        if (state.kind == BYTES) {
            for (uint32_t e = state.a; e < state.a + state.b; ++e) allow(live, tables->edges[e].low, tables->edges[e].high);
            continue;
        }
        const SpanReader& span = reader(thread);
        const uint32_t mode = thread.b & 15;
        if (mode >= decoder::ESCAPE) {
            allow(live, '0', '9'), allow(live, 'A', 'F'), allow(live, 'a', 'u');
            live['"' >> 6] |= 1ull << '"';
            live['/' >> 6] |= 1ull << '/';
            allow(live, '\\', '\\');
        } else if (mode != decoder::START) {
            allow(live, 0x80, 0xBF);
        } else {
            for (uint32_t e = span.dfa.edge_start[thread.a]; e < span.dfa.edge_start[thread.a + 1]; ++e)
                allow(live, span.dfa.edges[e].low, span.dfa.edges[e].high);
            if (span.span.json()) allow(live, '"', '"'), allow(live, '\\', '\\');
        }
    }
}

// Ascending, each once: many tokens by way of a row.
void Engine::sort_tokens(std::vector<uint32_t>& tokens) {
    if (tokens.size() < vocabulary->words() / 8) {
        std::sort(tokens.begin(), tokens.end());
        tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
        return;
    }
    scratch_.resize(vocabulary->words());
    for (uint32_t t : tokens) scratch_[t >> 5] |= 1u << (t & 31);
    tokens.clear();
    for (uint32_t word = 0; word < scratch_.size(); ++word)
        for (uint32_t& bits = scratch_[word]; bits; bits &= bits - 1)
            tokens.push_back(32 * word + static_cast<uint32_t>(std::countr_zero(bits)));
}

uint32_t Engine::store(Cover& cover) {
    const uint32_t words = vocabulary->words();
    Mask mask;
    auto& added = cover.added;
    std::vector<uint32_t> removed;
    sort_tokens(added);
    if (cover.parts.size() + cover.inside + 2 * cover.rows.size() <= 1 && added.size() <= words) {
        if (cover.inside) mask.base = vocabulary->inside(cover.room, cover.encoding);
        if (!cover.parts.empty()) {
            const Part& part = *cover.parts[0];
            mask.base = part.base;
            removed = part.removed;
            std::erase_if(removed, [&](uint32_t t) { return std::binary_search(added.begin(), added.end(), t); });
            added.insert(added.end(), part.added.begin(), part.added.end());
        }
        if (mask.base && removed.empty())
            std::erase_if(added, [&](uint32_t t) { return mask.base[t >> 5] >> (t & 31) & 1; });
        if (mask.base) keep_row(cover, mask);
    } else {
        union_row(cover, mask, removed);
    }
    mask.first = static_cast<uint32_t>(items_.size());
    mask.added = static_cast<uint32_t>(added.size());
    mask.removed = static_cast<uint32_t>(removed.size());
    items_.insert(items_.end(), added.begin(), added.end());
    items_.insert(items_.end(), removed.begin(), removed.end());
    masks_.push_back(mask);
    return static_cast<uint32_t>(masks_.size() - 1);
}

void Engine::promote(Mask& mask) {
    const uint32_t words = vocabulary->words();
    auto row = std::make_unique<std::vector<uint32_t>>(words, 0u);
    if (mask.base) std::memcpy(row->data(), mask.base, 4 * static_cast<size_t>(words));
    const uint32_t* item = items_.data() + mask.first;
    for (uint32_t i = 0; i < mask.added; ++i, ++item) (*row)[*item >> 5] |= 1u << (*item & 31);
    for (uint32_t i = 0; i < mask.removed; ++i, ++item) (*row)[*item >> 5] &= ~(1u << (*item & 31));
    mask = {row->data(), mask.first, 0, 0, mask.uses};
    rows_.push_back(std::move(row));
    ++promoted_;
}

// The row of a part that lives for this mask alone moves into the grammar.
void Engine::keep_row(Cover& cover, Mask& mask) {
    for (auto& part : cover.own)
        if (mask.base == part->row.data()) {
            rows_.push_back(std::make_unique<std::vector<uint32_t>>(std::move(part->row)));
            mask.base = rows_.back()->data();
            return;
        }
}

// Several large sets at once: as a difference to the row of all strings if that is short, else as a row.
void Engine::union_row(Cover& cover, Mask& mask, std::vector<uint32_t>& removed) {
    const uint32_t words = vocabulary->words();
    auto row = std::make_unique<std::vector<uint32_t>>(words, 0u);
    auto set = [&](uint32_t t) { (*row)[t >> 5] |= 1u << (t & 31); };
    if (cover.inside) std::memcpy(row->data(), vocabulary->inside(cover.room, cover.encoding), 4 * static_cast<size_t>(words));
    for (const auto* other : cover.rows)
        for (uint32_t w = 0; w < words; ++w) (*row)[w] |= (*other)[w];
    for (const Part* part : cover.parts) {
        if (part->removed.empty()) {
            if (part->base)
                for (uint32_t w = 0; w < words; ++w) (*row)[w] |= part->base[w];
            for (uint32_t t : part->added) set(t);
            continue;
        }
        std::vector<uint32_t> own(words, 0u);
        if (part->base) std::memcpy(own.data(), part->base, 4 * static_cast<size_t>(words));
        for (uint32_t t : part->added) own[t >> 5] |= 1u << (t & 31);
        for (uint32_t t : part->removed) own[t >> 5] &= ~(1u << (t & 31));
        for (uint32_t w = 0; w < words; ++w) (*row)[w] |= own[w];
    }
    for (uint32_t t : cover.added) set(t);
    const uint32_t* base = vocabulary->inside(INFINITE, cover.encoding);
    cover.added.clear();
    for (uint32_t w = 0; w < words; ++w)
        for (uint32_t bits = (*row)[w] ^ base[w]; bits; bits &= bits - 1) {
            const uint32_t bit = static_cast<uint32_t>(std::countr_zero(bits));
            ((*row)[w] >> bit & 1 ? cover.added : removed).push_back(32 * w + bit);
            if (cover.added.size() + removed.size() > words / 2) {
                cover.added.clear();
                removed.clear();
                mask.base = row->data();
                rows_.push_back(std::move(row));
                return;
            }
        }
    mask.base = base;
}

}  // namespace structgen
