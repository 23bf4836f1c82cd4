// Masks of texts of which none may come twice: the keys of an object.

#include <algorithm>

#include "cover.hpp"

namespace structgen {

namespace {
constexpr uint32_t NOWHERE = 0;

bool is_live(const uint64_t live[4], uint32_t byte) { return live[byte >> 6] >> (byte & 63) & 1; }
}  // namespace

// A key without quotes that may be any text of a language but those used: what the language says, corrected along the used
// and the listed names; the tokens that go on behind it are found as in cover_exits. False if this is none.
bool Engine::cover_raw_key(const Thread& thread, const SpanReader& span, Cover& out) {
    const Dfa& dfa = span.dfa;
    if (!span.keys || !span.tracked || span.counts || dfa.count[thread.a] < INFINITE) return false;
    const Registers waiting = frames_[thread.frame].registers;
    if (!span.keys->allows(span.keys->listed(), waiting)) return false;
    const uint32_t first_label = dfa.label_start[thread.a], last_label = dfa.label_start[thread.a + 1];
    if (last_label - first_label > 64) return false;
    uint64_t live[4] = {};
    for (uint32_t i = first_label; i < last_label; ++i) live_bytes(finished(thread, dfa.labels[i], TextStore::UNLIKE), live);
    const Part& part = part_of(thread, span, out);
    auto corrected = std::make_unique<Part>();
    corrected->base = part.base;
    corrected->added = part.added;
    corrected->removed = part.removed;
    const std::vector<uint32_t> dropped = correct_keys(thread, span, vocabulary->trie, 0, out.added.size(), out);
    std::erase_if(corrected->added, [&](uint32_t t) { return std::binary_search(dropped.begin(), dropped.end(), t); });
    corrected->removed.insert(corrected->removed.end(), dropped.begin(), dropped.end());
    out.parts.push_back(corrected.get());
    out.own.push_back(std::move(corrected));
    const Trie& trie = vocabulary->trie;
    const Places& places = vocabulary->places();
    for (uint32_t byte = 0; byte < 256; ++byte) {
        if (!is_live(live, byte)) continue;
        for (uint32_t i = places.start[byte]; i < places.start[byte + 1]; ++i) {
            const uint32_t node = places.nodes[i];
            const std::string_view text = vocabulary->text(trie.items[trie.first[node]]).substr(0, trie.depth[node]);
            charge(text.size() + 1);
            uint32_t state = thread.a;
            for (size_t at = 0; at < text.size() && state != NONE; ++at) state = dfa.step(state, static_cast<uint8_t>(text[at]));
            if (state == NONE || dfa.accept[state] < 0) continue;
            Reading here = thread.reading(), next;
            bool ended = false, alive = true;
            for (size_t at = 0; at < text.size() && alive; ++at, here = next)
                alive = span.step(here, static_cast<uint8_t>(text[at]), waiting, next, ended);
            const int32_t label = alive ? span.label(here, waiting) : -1;
            if (label < 0) continue;
            Thread at = thread;
            at.a = here.state, at.b = here.decoder, at.c = here.count, at.d = here.text;
            walk_node(trie, finished(at, static_cast<uint32_t>(label), here.text), node, out);
        }
    }
    return true;
}

// What was taken so far (tokens added from `before` on, and those inside the text) took the text to be like no other.
// Looks again at the tokens of a trie for which that is not sure: those that go along a listed or a used name, that begin
// with an escape there, or that could hold a second key. Returns the tokens inside the text that were wrong, ascending.
std::vector<uint32_t> Engine::correct_keys(const Thread& thread, const SpanReader& span, const Trie& trie,
                                           uint8_t independence, size_t before, Cover& out) {
    const Registers waiting = frames_[thread.frame].registers;
    Cover exact;
    std::vector<uint32_t> decided;
    std::vector<Reading> path(1, thread.reading());
    auto decide = [&](uint32_t first, uint32_t last) {
        decided.insert(decided.end(), trie.items.begin() + trie.first[first], trie.items.begin() + trie.first[last]);
    };
    if (special(span, thread.reading(), waiting)) {
        for (uint32_t node = 0; node < trie.size();) {
            const uint32_t depth = trie.depth[node], byte = trie.byte[node];
            const Reading here = path[depth];
            charge(1);
            Reading next;
            next.state = NONE;  // stays so if no text goes on like this, whatever has been used
            bool ended = false;
            const bool alive = span.step(here, byte, waiting, next, ended);
            if (ended || (here.decoder == decoder::START && byte == '\\')) {
                decide(node, trie.end[node]);
                Thread at = thread;
                at.a = here.state, at.b = here.decoder, at.c = here.count, at.d = here.text;
                walk_node(trie, intern_thread(at), node, exact);
                node = trie.end[node];
            } else if (!alive) {
                if (next.state != NONE) decide(node, trie.end[node]);
                node = trie.end[node];
            } else if (!special(span, next, waiting)) {
                node = trie.end[node];
            } else {
                decide(node, node + 1);
                exact.add(trie, node);
                if (path.size() <= depth + 1) path.resize(depth + 2);
                path[depth + 1] = next;
                ++node;
            }
        }
    }
    for (uint32_t group = 0; group < vocabulary->independence.size(); ++group) {
        if (vocabulary->independence[group] >= independence) continue;
        const uint32_t here = intern_thread(thread);
        for (uint32_t j = vocabulary->group_start[group]; j < vocabulary->group_start[group + 1]; ++j) {
            const uint32_t token = vocabulary->leavers[j].token;
            charge(vocabulary->text(token).size());
            if (walk(here, vocabulary->text(token)) != NOWHERE) exact.added.push_back(token);
        }
    }
    std::sort(decided.begin(), decided.end());
    if (!decided.empty()) {
        auto dropped = std::remove_if(out.added.begin() + static_cast<std::ptrdiff_t>(before), out.added.end(), [&](uint32_t t) {
            return std::binary_search(decided.begin(), decided.end(), t);
        });
        out.added.erase(dropped, out.added.end());
    }
    std::sort(exact.added.begin(), exact.added.end());
    std::erase_if(decided, [&](uint32_t t) { return std::binary_search(exact.added.begin(), exact.added.end(), t); });
    out.added.insert(out.added.end(), exact.added.begin(), exact.added.end());
    return decided;
}

// Whether what has been used matters to a text: it goes along a listed name, or is the beginning of a used one.
bool Engine::special(const SpanReader& span, const Reading& reading, const Registers& waiting) const {
    if (span.keys)
        for (uint32_t i = span.dfa.label_start[reading.state]; i < span.dfa.label_start[reading.state + 1]; ++i)
            if (span.dfa.labels[i] < span.keys->listed()) return true;
    return stores_.resembles(waiting.texts, reading.text);
}

}  // namespace structgen
