#include "spans.hpp"

#include <bit>

namespace structgen {

KeyRules::KeyRules(const KeySet& keys, Stores& stores)
    : keys_(keys), stores_(stores), n_(static_cast<uint32_t>(keys.required.size())) {
    missing_.assign(n_ + 1, 0);
    available_.assign(n_ + 1, 0);
    barrier_.assign(n_ + 1, n_);
    for (uint32_t i = n_; i-- > 0;) {
        missing_[i] = missing_[i + 1] + (keys.required[i] != 0);
        available_[i] = available_[i + 1] + (keys.forbidden[i] == 0);
        barrier_[i] = keys.required[i] ? i : barrier_[i + 1];
        if (n_ <= 32 && keys.required[i]) required_bits_ |= 1u << i;
    }
    n_required_ = missing_[0];
    n_possible_ = available_[0];
    counted_ = keys.min_count > 0 || keys.max_count != INFINITE;
    cap_ = std::max(keys.min_count, keys.max_count == INFINITE ? 0u : keys.max_count);
}

uint32_t KeyRules::missing(const Registers& r) const {
    if (keys_.ordered) return missing_[r.seen];
    if (n_ <= 32) return static_cast<uint32_t>(std::popcount(required_bits_ & ~r.seen));
    uint32_t found = 0;
    for (const uint32_t* p = stores_.names.begin(r.seen); p != stores_.names.end(r.seen); ++p) found += keys_.required[*p];
    return n_required_ - found;
}

bool KeyRules::allows(uint32_t label, const Registers& r) const {
    bool needed = false;
    if (label < n_) {
        if (keys_.forbidden[label]) return false;
        if (keys_.ordered ? label < r.seen || label > barrier_[r.seen] : has(r.seen, label)) return false;
        needed = keys_.required[label];
    } else if (!others_left(r) || (keys_.ordered && missing_[r.seen])) {
        return false;
    }
    if (!counted_) return true;
    uint64_t least = static_cast<uint64_t>(r.count) + 1 + missing(r) - needed;
    if (least > keys_.max_count) return false;
    return static_cast<uint64_t>(r.count) + 1 + left_after(label, r) >= keys_.min_count;
}

uint32_t KeyRules::left_after(uint32_t label, const Registers& r) const {
    if (keys_.others == INFINITE) return INFINITE;
    uint32_t left = keys_.others - stores_.sets.size(r.texts) - (label >= n_);
    if (keys_.ordered) return left + (label < n_ ? available_[label + 1] : 0);
    uint32_t used = n_ <= 32 ? static_cast<uint32_t>(std::popcount(r.seen)) : stores_.names.size(r.seen);
    return left + n_possible_ - used - (label < n_);
}

bool KeyRules::more(const Registers& r) const {
    if (allows(n_, r)) return true;
    uint32_t first = keys_.ordered ? r.seen : 0, last = keys_.ordered ? std::min(barrier_[r.seen] + 1, n_) : n_;
    for (uint32_t label = first; label < last; ++label)
        if (allows(label, r)) return true;
    return false;
}

Registers KeyRules::after(uint32_t label, uint32_t text, const Registers& r) const {
    uint32_t count = counted_ ? std::min(r.count + 1, cap_) : 0;
    if (label >= n_) return {count, keys_.ordered ? n_ : r.seen, stores_.sets.with(r.texts, text), r.scope};
    if (keys_.ordered) return {count, label + 1, r.texts, r.scope};
    return {count, n_ <= 32 ? r.seen | 1u << label : stores_.names.with(r.seen, label), r.texts, r.scope};
}

SpanReader::SpanReader(const Dfa& d, const Span& s, Stores& stores, const KeyRules* rules, Scopes& scopes)
    : span(s), dfa(d), keys(rules), stores_(stores), scopes_(scopes) {
    tracked = s.role == UNIQUE || (rules && rules->others() > 0);
    free = s.role == VALUE && dfa.any;
    counts = s.min_length > 0 || s.max_length != INFINITE;
    cap_ = s.max_length == INFINITE ? s.min_length : INFINITE;
    if (!dfa.labels.empty()) n_labels_ = 1 + *std::max_element(dfa.labels.begin(), dfa.labels.end());
}

bool SpanReader::begin(const Registers& r, Reading& out) const {
    uint32_t root = span.role == UNIQUE ? (span.json() ? TextStore::JSON : TextStore::RAW) : TextStore::EMPTY;
    out = {dfa.start, decoder::START, 0, root};
    return alive(out, r);
}

bool SpanReader::step(const Reading& in, uint32_t byte, const Registers& r, Reading& out, bool& ended) const {
    if (byte < 0x80 && in.decoder == decoder::START && !span.json()) {  // most bytes by far
        ended = false;
        out = in;
        ++out.count;
        const uint8_t text = static_cast<uint8_t>(byte);
        return walk(out, &text, 1, tracked || boxed(r)) && alive(out, r);
    }
    const decoder::Step d = decoder::step(span.encoding, in.decoder, byte);
    ended = d.what == decoder::END;
    if (d.what == decoder::DEAD || ended) return ended;
    out = in;
    out.decoder = d.state;
    const bool keep = tracked || boxed(r);
    if (d.what == decoder::BYTE) {
        uint8_t text = static_cast<uint8_t>(d.value);
        if ((text & 0xC0) != 0x80) ++out.count;
        if (!walk(out, &text, 1, keep)) return false;
    } else if (d.what == decoder::CODE_POINT) {
        uint8_t text[4];
        ++out.count;
        if (!walk(out, text, decoder::encode(d.value, text), keep)) return false;
    } else if (free && !keep && !(span.encoding & decoder::NECESSARY)) {
        out.decoder = decoder::forget(d.state);
    }
    return kept(out, r);
}

bool SpanReader::step_alone(const Reading& in, uint32_t byte, Reading& out) const {
    const decoder::Step d = decoder::step_raw(in.decoder, byte);
    if (d.what == decoder::DEAD) return false;
    out = in;
    out.decoder = d.state;
    const uint8_t text = static_cast<uint8_t>(byte);
    if ((text & 0xC0) != 0x80) ++out.count;
    return walk(out, &text, 1, tracked) && in_bounds(out);
}

bool SpanReader::walk(Reading& at, const uint8_t* text, int size, bool keep) const {
    for (int i = 0; i < size; ++i) {
        at.state = dfa.step(at.state, text[i]);
        if (at.state == NONE) return false;
        if (keep) at.text = stores_.texts.child(at.text, text[i]);
    }
    at.count = counts ? std::min(at.count, cap_) : 0;
    return true;
}

int32_t SpanReader::label(const Reading& in, const Registers& r) const {
    int32_t label = dfa.accept[in.state];
    if (label < 0 || in.decoder != decoder::START) return -1;
    if (in.count < span.min_length || in.count > span.max_length) return -1;
    if (keys) {
        if (!keys->allows(static_cast<uint32_t>(label), r)) return -1;
        if (static_cast<uint32_t>(label) >= keys->listed() && stores_.sets.has(r.texts, in.text)) return -1;
    } else if (span.role == UNIQUE && stores_.sets.has(r.texts, in.text)) {
        return -1;
    } else if (span.role == IN_SCOPE && scope_after(static_cast<uint32_t>(label), r) == NONE) {
        return -1;
    }
    return label;
}

Registers SpanReader::finish(const Reading& in, uint32_t label, const Registers& before) const {
    Registers r = before;
    if (boxed(r)) r.scope = scopes_.boxes.after_text(r.scope, in.text, keys != nullptr, span.json(), stores_.texts);
    if (keys) return keys->after(label, in.text, r);
    if (span.role == UNIQUE) return {r.count, r.seen, stores_.sets.with(r.texts, in.text), r.scope};
    if (span.role == IN_SCOPE) return {r.count, r.seen, r.texts, scope_after(label, r)};
    return r;
}

bool SpanReader::kept(const Reading& in, const Registers& r) const {
    if ((in.decoder & 15) < decoder::ESCAPE) return alive(in, r);
    decoder::Range ranges[decoder::MAX_PENDING];
    int n = decoder::pending(in.decoder, span.encoding, ranges);
    for (int i = 0; i < n; ++i)
        if (reaches(in, ranges[i].low, ranges[i].high, r)) return true;
    return false;
}

// Whether the text may still end with a length that is allowed.
bool SpanReader::in_bounds(const Reading& in) const {
    if (!counts) return true;
    if (in.count > span.max_length) return false;
    const uint32_t least = std::max(span.min_length > in.count ? span.min_length - in.count : 0, dfa.min_length[in.state]);
    return least <= std::min(span.max_length - in.count, dfa.max_length[in.state]);
}

bool SpanReader::alive(const Reading& in, const Registers& r) const {
    if (!in_bounds(in)) return false;
    if (keys) return key_alive(in, r);
    if (span.role == IN_SCOPE) return some(choices(r.scope), in.state);
    return span.role != UNIQUE || unused_item(in, r);
}

bool SpanReader::rich(const Reading& in, const Registers& r) const {
    if ((in.decoder & 15) >= decoder::ESCAPE || dfa.count[in.state] < INFINITE) return false;
    if (keys) return keys->allows(keys->listed(), r);
    return span.max_length == INFINITE || (free && in.count < span.max_length);
}

bool SpanReader::key_alive(const Reading& in, const Registers& r) const {
    uint32_t n_listed = 0;
    bool other = false;
    for (uint32_t i = dfa.label_start[in.state]; i < dfa.label_start[in.state + 1]; ++i) {
        if (dfa.labels[i] >= keys->listed()) {
            other = true;
        } else {
            if (keys->allows(dfa.labels[i], r)) return true;
            ++n_listed;
        }
    }
    if (!other || !keys->allows(keys->listed(), r)) return false;
    uint32_t count = dfa.count[in.state];
    return unused(in, count >= INFINITE ? count : count - n_listed, r);
}

// An item as long as it may be is one of few texts: itself, or those that the rest of its last character makes.
bool SpanReader::unused_item(const Reading& in, const Registers& r) const {
    if (!dfa.any || in.count < span.max_length) return unused(in, dfa.count[in.state], r);
    static constexpr uint32_t rests[8] = {1, 64, 64 * 64, 64 * 64 * 64, 32 * 64, 32 * 64, 48 * 64 * 64, 16 * 64 * 64};
    Reading whole = in;
    whole.decoder = decoder::START;
    return unused(whole, rests[in.decoder & 7], r);
}

bool SpanReader::unused(const Reading& in, uint32_t count, const Registers& r) const {
    if (count > stores_.sets.size(r.texts)) return true;
    if (in.decoder != decoder::START && dfa.step(in.state, 0x80) == in.state) return true;
    uint32_t used = 0;
    for (const uint32_t* p = stores_.sets.begin(r.texts); p != stores_.sets.end(r.texts); ++p)
        used += stores_.texts.begins_with(*p, in.text);
    return count > used;
}

bool SpanReader::reaches(const Reading& in, uint32_t low, uint32_t high, const Registers& r) const {
    if (free) return in.count < span.max_length;
    static constexpr uint32_t seams[4] = {0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
    for (uint32_t seam : seams) {
        if (low > high) break;
        if (low > seam) continue;
        if (reaches_same_length(in, low, std::min(high, seam), r)) return true;
        low = seam + 1;
    }
    return false;
}

// Cuts a range of equally long code points until each byte runs over a range of its own.
bool SpanReader::reaches_same_length(const Reading& in, uint32_t low, uint32_t high, const Registers& r) const {
    uint8_t first[4], last[4];
    int size = decoder::encode(low, first);
    decoder::encode(high, last);
    for (int i = 1; i < size; ++i) {
        uint32_t mask = (1u << (6 * i)) - 1;
        if ((low & ~mask) == (high & ~mask)) continue;
        if (low & mask)
            return reaches_same_length(in, low, low | mask, r) || reaches_same_length(in, (low | mask) + 1, high, r);
        if ((high & mask) != mask)
            return reaches_same_length(in, low, (high & ~mask) - 1, r) || reaches_same_length(in, high & ~mask, high, r);
    }
    return reaches_sequence(in, first, last, size, r);
}

bool SpanReader::reaches_sequence(const Reading& in, const uint8_t* low, const uint8_t* high, int size,
                                  const Registers& r) const {
    bool used[256];  // bytes with which a used text goes on; any other byte of an edge is as good as another
    if (tracked) stores_.next_bytes(r.texts, in.text, used);
    for (uint32_t i = dfa.edge_start[in.state]; i < dfa.edge_start[in.state + 1]; ++i) {
        const Edge& e = dfa.edges[i];
        const uint32_t first = std::max<uint32_t>(e.low, *low), last = std::min<uint32_t>(e.high, *high);
        bool fresh = false;
        for (uint32_t byte = first; byte <= last; ++byte) {
            const bool exact = tracked && used[byte];
            if (!exact && fresh) continue;
            fresh = fresh || !exact;
            Reading next = in;
            next.decoder = decoder::START;
            next.state = e.target;
            if (tracked) next.text = exact ? stores_.texts.child(in.text, byte) : TextStore::UNLIKE;
            if (size > 1) {
                if (reaches_sequence(next, low + 1, high + 1, size - 1, r)) return true;
                continue;
            }
            next.count = counts ? in.count + 1 : 0;
            if (alive(next, r)) return true;
        }
    }
    return false;
}

}  // namespace structgen
