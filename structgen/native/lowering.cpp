#include "lowering.hpp"

#include "states.hpp"

namespace nb = nanobind;

namespace structgen {

namespace {

constexpr uint32_t UNROLL = 4, CHAIN = 64, DEEP = 300;
constexpr size_t KEPT = 4096, TEMPLATES_KEPT = 16, SPARE_STATES = 1 << 10;

// The last word of a key says of what it is; the state that follows stands in its lower half.
enum Of : uint64_t { FRONT = 1ull << 32, NODE = 2ull << 32, MEMBER = 3ull << 32, NAMED = 4ull << 32, VALUES = 5ull << 32,
                     AUTOMATON = 6ull << 32, TEXTS = 7ull << 32 /* and the encoding */ };

uint64_t word(const PyObject* object) { return reinterpret_cast<uintptr_t>(object); }

}  // namespace

// One lowering. Every method does what the one of the same name in automaton/lower.py does, in the same order.
class Lowering::Builder : public States {
public:
    Builder(Lowering& shared, nb::handle limits, nb::handle native_dfa, uint64_t most_states, Work& work,
            const Template* common)
        : States(most_states), shared_(shared), limits_(limits), native_dfa_(native_dfa), map_(work.map),
          pending_(work.pending), common_(common) {
        map_.clear();
        pending_.clear();
        if (!common) {
            automata = nb::list();
            returned_ = state(RETURN, 0, 0);
            return;
        }
        const Tables& made = common->tables;
        auto copy = [](auto& to, const auto& from, size_t more) {
            to.reserve(from.size() + more);
            to.insert(to.end(), from.begin(), from.end());
        };
        copy(tables.states, made.states, 64), copy(tables.edges, made.edges, 32);
        copy(tables.targets, made.targets, 32), copy(tables.returns, made.returns, 64);
        copy(tables.spans, made.spans, 8), copy(tables.key_sets, made.key_sets, 4);
        copy(tables.dfas, made.dfas, 8);
        automata = nb::steal<nb::list>(PyList_GetSlice(common->automata.ptr(), 0, PY_SSIZE_T_MAX));
        returned_ = common->returned;
    }

    void run(PyObject* start, Pending::Body body, PyObject* rules, PyObject* origins) {
        if (!PyDict_CheckExact(rules) || !PyDict_CheckExact(origins)) throw Refused();
        rules_ = rules, origins_ = origins;
        tables.start = state(SPLIT, 0, 0);
        if (body == Pending::AS_NODE) map_.insert({word(start), 0, NODE}, tables.start);
        pending_.push_back({body, tables.start, start, nullptr});
        while (!pending_.empty()) {
            const Pending next = pending_.back();
            pending_.pop_back();
            const uint32_t made = this->body(next);
            if (made == NOWHERE) throw Refused();
            patch(next.start, {made});
        }
    }

    uint32_t returned() const { return returned_; }

private:
    using Nodes = std::vector<PyObject*>;

    uint32_t body(const Pending& next) {
        if (next.body == Pending::AS_REFERENCE) return call(named(next.node), returned_);
        if (next.body == Pending::AS_MEMBER) return called(next.colon, lower(next.node, returned_));
        switch (class_of(next.node)) {
            case MEMBERS: return members(next.node);
            case ITEMS: return items(next.node);
            case REPEAT: return repeat_rule(next.node);
            default: return lower(next.node, returned_);
        }
    }

    // --- nodes as objects ---------------------------------------------------------------------------------------------

    Class class_of(PyObject* node) const {
        const PyTypeObject* type = Py_TYPE(node);
        for (int i = REF; i < N_CLASSES; ++i)
            if (shared_.classes_[i].type == type) {
                for (const auto& [offset, usual] : shared_.classes_[i].others) {
                    PyObject* value = at(node, offset);
                    if (value != usual.ptr() && PyObject_RichCompareBool(value, usual.ptr(), Py_EQ) != 1) {
                        PyErr_Clear();
                        throw Refused();
                    }
                }
                return static_cast<Class>(i);
            }
        throw Refused();
    }

    uint8_t encoding_of(PyObject* name) const {
        PyObject* found = PyDict_GetItemWithError(shared_.encodings_.ptr(), name);
        if (!found) PyErr_Clear(), throw Refused();
        return static_cast<uint8_t>(count_of(found));
    }

    PyObject* field(PyObject* node, Class of, int number) const { return at(node, shared_.classes_[of].fields[number]); }

    bool is(PyObject* node, Class what) const { return Py_TYPE(node) == shared_.classes_[what].type; }

    const uint32_t* known(const NumberMap::Key& key) const {
        const uint32_t* found = map_.find(key);
        return found || !common_ ? found : common_->map.find(key);
    }

    // --- rules --------------------------------------------------------------------------------------------------------

    uint32_t pend(const NumberMap::Key& key, const Pending& what) {
        if (const uint32_t* found = known(key)) return *found;
        Pending made = what;
        made.start = placeholder();
        map_.insert(key, made.start);
        pending_.push_back(made);
        return made.start;
    }

    uint32_t rule(PyObject* node) { return pend({word(node), 0, NODE}, {Pending::AS_NODE, 0, node, nullptr}); }

    uint32_t call(uint32_t start, uint32_t following) {
        if (following == NOWHERE) return NOWHERE;
        tables.returns.push_back(following);
        return state(CALL, start, static_cast<uint32_t>(tables.returns.size() - 1));
    }

    uint32_t called(PyObject* node, uint32_t following) {
        if (!is(node, SEQ) || following == NOWHERE) return lower(node, following);
        return call(rule(node), following);
    }

    // --- nodes --------------------------------------------------------------------------------------------------------

    uint32_t lower(PyObject* node, uint32_t following) {
        if (following == NOWHERE) return NOWHERE;
        const Class kind = class_of(node);
        if (kind == SEQ) {
            Deeper deeper(depth_);
            const Tuple parts(field(node, SEQ, 0));
            for (size_t i = parts.size(); i-- > 0;) following = lower(parts[i], following);
            return following;
        }
        const NumberMap::Key key{word(node), following, FRONT};
        if (const uint32_t* found = known(key)) return *found;
        Deeper deeper(depth_);
        const uint32_t made = in_front(node, kind, following);
        map_.insert(key, made);
        return made;
    }

    struct Deeper {  // what nests deeper than Python could is left to Python
        explicit Deeper(uint32_t& depth) : depth(depth) {
            if (++depth > DEEP) throw Refused();
        }
        ~Deeper() { --depth; }
        uint32_t& depth;
    };

    uint32_t in_front(PyObject* node, Class kind, uint32_t following) {
        switch (kind) {
            case TEXT:
                return text(field(node, TEXT, 0), encoding_of(field(node, TEXT, 1)), field(node, TEXT, 2),
                            field(node, TEXT, 3), following);
            case MEMBERS:
            case ITEMS: return call(rule(node), following);
            case STR: {
                Py_ssize_t size = 0;
                const char* data = PyUnicode_AsUTF8AndSize(field(node, STR, 0), &size);
                if (!data) PyErr_Clear(), throw Refused();
                while (size-- > 0) {
                    const uint32_t byte = static_cast<uint8_t>(data[size]);
                    following = one_byte(byte, byte, following);
                }
                return following;
            }
            case ALT: {
                const Tuple options(field(node, ALT, 0));
                List fronts;
                fronts.reserve(options.size());
                for (size_t i = 0; i < options.size(); ++i) fronts.push_back(lower(options[i], following));
                return split(fronts);
            }
            case REF: return call(named(field(node, REF, 0)), following);
            case REPEAT: return repeat(node, following);
            case CHARS: return chars(node, following);
            case AND:
            case NOT:
            case SUBSTRINGS: return text(node, decoder::RAW, nullptr, Py_None, following);
            default: throw Refused();
        }
    }

    // Equal names are one object from here.
    PyObject* same_name(PyObject* name) {
        if (common_ && name == common_->name.ptr()) return name;
        if (!PyUnicode_CheckExact(name)) throw Refused();
        if (!names_.is_valid()) {
            names_ = nb::dict();
            if (common_) names_[common_->name] = common_->name;
        }
        name = PyDict_SetDefault(names_.ptr(), name, name);
        if (!name) throw nb::python_error();
        return name;
    }

    uint32_t named(PyObject* rule) {
        PyObject* name = same_name(rule);
        const NumberMap::Key key{word(name), 0, NAMED};
        if (const uint32_t* found = known(key)) return *found;
        PyObject* body = PyDict_GetItemWithError(rules_, name);
        if (!body) PyErr_Clear(), throw Refused();
        const uint32_t start = pend(key, {Pending::AS_NODE, 0, body, nullptr});
        if (PyObject* origin = PyDict_GetItemWithError(origins_, name); origin && origin != Py_None)
            origins[nb::int_(start)] = nb::borrow(origin);
        return start;
    }

    uint32_t chars(PyObject* node, uint32_t following) {
        const Tuple ranges(field(node, CHARS, 0));
        std::vector<Edge> edges;
        for (size_t i = 0; i < ranges.size(); ++i) {
            const Tuple range(ranges[i]);
            const uint32_t low = count_of(range[0]), high = count_of(range[1]);
            if (high > 0x7F) throw Refused();
            edges.push_back({low, high, following});
        }
        if (!sorted(edges)) throw Refused();
        return edges.empty() ? NOWHERE : bytes(edges);
    }

    uint32_t repeat(PyObject* node, uint32_t following) {
        PyObject* body = field(node, REPEAT, 0);
        const uint32_t least = count_of(field(node, REPEAT, 1)), most = count_or_infinite(field(node, REPEAT, 2));
        if (most == INFINITE && least <= UNROLL) {
            const uint32_t loop = placeholder();
            patch(loop, {lower(body, loop), following});
            following = loop;
            for (uint32_t i = 0; i < least; ++i) following = lower(body, following);
            return following;
        }
        if (most > UNROLL) return call(rule(node), following);
        for (uint32_t i = most; i > 0; --i) {
            const uint32_t inner = lower(body, following);
            following = i <= least ? inner : split({inner, following});
        }
        return following;
    }

    uint32_t repeat_rule(PyObject* node) {
        PyObject* body = field(node, REPEAT, 0);
        const uint32_t least = count_of(field(node, REPEAT, 1)), most = count_or_infinite(field(node, REPEAT, 2));
        if (most <= CHAIN && is(body, CHARS)) {
            uint32_t following = returned_;
            for (uint32_t i = most; i > 0; --i) {
                const uint32_t inner = lower(body, following);
                following = i <= least ? inner : split({inner, returned_});
            }
            return following;
        }
        const uint32_t loop = placeholder();
        uint32_t again = lower(body, state(COUNT, loop, most == INFINITE ? least : most));
        if (again != NOWHERE && most != INFINITE) again = state(BELOW, again, most);
        const uint32_t end = least == 0 ? returned_ : state(AT_LEAST, returned_, least);
        patch(loop, {end, again});
        return loop;
    }

    // --- texts --------------------------------------------------------------------------------------------------------

    uint32_t span(PyObject* dfa, const std::shared_ptr<const Dfa>& native, uint8_t encoding, Role role, uint32_t least,
                  uint32_t most, uint32_t key_set) {
        const NumberMap::Key key{word(dfa), 0, AUTOMATON};
        const uint32_t* found = known(key);
        const uint32_t number = found ? *found : static_cast<uint32_t>(tables.dfas.size());
        if (!found) {
            map_.insert(key, number);
            tables.dfas.push_back(native);
            automata.append(nb::borrow(dfa));
        }
        tables.spans.push_back({number, encoding, role, least, most, key_set});
        return static_cast<uint32_t>(tables.spans.size() - 1);
    }

    uint32_t read(uint32_t span, uint32_t slot) {
        const uint32_t made = state(SPAN, span, slot);
        return tables.spans[span].json() ? one_byte('"', '"', made) : made;
    }

    std::shared_ptr<const Dfa> native_of(const nb::object& dfa) {
        return nb::cast<std::shared_ptr<Dfa>>(native_dfa_(dfa));
    }

    std::shared_ptr<const Language> language(PyObject* body, PyObject* minimum, PyObject* maximum) {
        const uint32_t least = minimum ? count_of(minimum) : 0, most = count_or_infinite(maximum);
        const NumberMap::Key key{word(body), least, most};
        if (const uint32_t* found = shared_.known_.find(key)) return shared_.languages_[*found];
        nb::object made = shared_.language_(nb::borrow(body), least, nb::borrow(maximum), limits_);
        if (made.is_none()) throw Refused();
        auto kept = std::make_shared<Language>();
        kept->body = nb::borrow(body);
        kept->dfa = made[0];
        kept->native = native_of(kept->dfa);
        kept->least = count_of(nb::object(made[1]).ptr());
        kept->most = count_or_infinite(nb::object(made[2]).ptr());
        if (shared_.languages_.size() >= KEPT) {
            const auto dropped = std::move(shared_.languages_);
            shared_.languages_.clear();
            shared_.known_.clear();
        }
        if (!shared_.known_.find(key)) {  // another thread may have been here meanwhile
            shared_.known_.insert(key, static_cast<uint32_t>(shared_.languages_.size()));
            shared_.languages_.push_back(kept);
        }
        return kept;
    }

    uint32_t text(PyObject* body, uint8_t encoding, PyObject* minimum, PyObject* maximum, uint32_t following) {
        const auto found = language(body, minimum, maximum);
        const NumberMap::Key key{word(found->dfa.ptr()), found->least | static_cast<uint64_t>(found->most) << 32,
                                 following | (TEXTS + (static_cast<uint64_t>(encoding) << 32))};
        if (const uint32_t* made = known(key)) return *made;
        const uint32_t slot = static_cast<uint32_t>(tables.returns.size());
        tables.returns.push_back(following);
        const uint32_t number = span(found->dfa.ptr(), found->native, encoding, VALUE, found->least, found->most, 0);
        const uint32_t made = read(number, slot);
        map_.insert(key, made);
        return made;
    }

    // --- lists --------------------------------------------------------------------------------------------------------

    uint32_t items(PyObject* node) {
        const uint32_t close = lower(field(node, ITEMS, 1), returned_);
        PyObject *open = field(node, ITEMS, 0), *comma = field(node, ITEMS, 2), *rest = field(node, ITEMS, 4);
        const Tuple prefix(field(node, ITEMS, 3));
        const uint32_t n = static_cast<uint32_t>(prefix.size());
        const uint32_t least = count_of(field(node, ITEMS, 5)), most = count_or_infinite(field(node, ITEMS, 6));
        if (field(node, ITEMS, 7) != Py_False) return called(open, unique_items(n, rest, comma, close, least, most));
        if (least > most) throw Refused();
        uint32_t loop = NOWHERE;
        if (rest != Py_None && most > n) {
            const uint32_t after = placeholder();
            loop = lower(rest, after);
            if (loop != NOWHERE) {
                const uint32_t again = called(comma, loop);
                patch(after, {after_rest(again, close, static_cast<int64_t>(least) - n, most == INFINITE ? most : most - n)});
            }
        }
        uint32_t following = loop;
        for (uint32_t i = n; i-- > 0;) {
            List ends;
            if (i + 1 >= least) ends.push_back(close);
            if (following != NOWHERE && i + 1 < most) ends.push_back(called(comma, following));
            const uint32_t item = split(ends);
            following = item == NOWHERE ? NOWHERE : lower(prefix[i], item);
        }
        List starts;
        if (least == 0) starts.push_back(close);
        if (most > 0) starts.push_back(following);
        return called(open, split(starts));
    }

    uint32_t after_rest(uint32_t again, uint32_t close, int64_t least, uint32_t most) {
        if (most == INFINITE && least <= 1) return split({close, again});
        const uint32_t end = least <= 1 ? close : state(AT_LEAST, close, static_cast<uint32_t>(least));
        const uint32_t more = most == INFINITE ? again : state(BELOW, again, most);
        const uint32_t both = split({end, more});
        return state(COUNT, both, static_cast<uint32_t>(std::max<int64_t>(least, most == INFINITE ? 0 : most)));
    }

    uint32_t unique_items(uint32_t n, PyObject* rest, PyObject* comma, uint32_t close, uint32_t least, uint32_t most) {
        if (n || rest == Py_None) throw Refused();
        const uint32_t after = placeholder();
        const uint32_t slot = static_cast<uint32_t>(tables.returns.size());
        tables.returns.push_back(after);
        List readers;
        uint64_t total = 0;
        const nb::object languages = shared_.items_(nb::borrow(rest), limits_);
        for (nb::handle language : languages) {
            const nb::object dfa = language[1];
            const std::shared_ptr<const Dfa> native = native_of(dfa);
            const uint32_t number = span(dfa.ptr(), native, encoding_of(nb::object(language[0]).ptr()), UNIQUE,
                                         count_of(nb::object(language[2]).ptr()),
                                         count_or_infinite(nb::object(language[3]).ptr()), 0);
            readers.push_back(read(number, slot));
            total = std::min<uint64_t>(INFINITE, total + native->count[native->start]);
        }
        uint32_t item = split(readers);
        if (total < least) item = NOWHERE;
        if (item != NOWHERE) {
            uint32_t again = state(ROOM, called(comma, item), static_cast<uint32_t>(total));
            if (most != INFINITE) again = state(BELOW, again, most);
            const uint32_t end = least <= 1 ? close : state(AT_LEAST, close, least);
            uint32_t both = split({end, again});
            if (most != INFINITE || least > 1) both = state(COUNT, both, std::max(least, most == INFINITE ? 0u : most));
            patch(after, {both});
        }
        List starts;
        if (least == 0) starts.push_back(close);
        if (item != NOWHERE && most > 0) starts.push_back(item);
        return split(starts);
    }

    // --- maps ---------------------------------------------------------------------------------------------------------

    uint32_t members(PyObject* node) {
        const Tuple names(field(node, MEMBERS, 4)), values(field(node, MEMBERS, 5)), required(field(node, MEMBERS, 6));
        PyObject *colon = field(node, MEMBERS, 2), *comma = field(node, MEMBERS, 3), *open = field(node, MEMBERS, 0);
        const Tuple classes(field(node, MEMBERS, 13));
        const uint32_t n = static_cast<uint32_t>(names.size());
        const uint32_t least = count_of(field(node, MEMBERS, 10)), most = count_or_infinite(field(node, MEMBERS, 11));
        if (values.size() != n || required.size() != n) throw Refused();

        Nodes kinds;  // the values of the names that are not listed
        add_kind(field(node, MEMBERS, 7), kinds);
        const bool any_name = kinds.empty() || field(node, MEMBERS, 8) == Py_None;
        for (size_t i = 0; i < classes.size(); ++i) add_kind(Tuple(classes[i])[1], kinds);
        uint32_t others = kinds.empty() ? 0 : INFINITE;
        uint64_t listed = 0;  // of the names, those that the others' language has too
        nb::object dfa = nb::none();
        std::shared_ptr<const Dfa> native;
        const bool plain = any_name && classes.size() == 0 && (n || others) && plain_names(names);
        if (!plain) {
            const nb::object found = shared_.keys_(nb::borrow(node), limits_);
            dfa = found[0];
            others = nb::cast<uint32_t>(nb::object(found[1]));
            listed = nb::cast<uint64_t>(nb::object(found[2]));
            if (!dfa.is_none()) native = native_of(dfa);
        }
        const bool open_ended = others > 0;
        const uint32_t close = lower(field(node, MEMBERS, 1), returned_);
        const uint32_t after = placeholder();
        const uint32_t slot = key_slots(values, kinds, colon, after);
        KeySet keys{{}, {}, field(node, MEMBERS, 9) != Py_False, least, most, 0};
        keys.required.resize(n), keys.forbidden.resize(n);
        uint64_t needed = 0, possible = 0;
        for (uint32_t i = 0; i < n; ++i) {
            keys.required[i] = required[i] != Py_False;
            keys.forbidden[i] = tables.returns[slot + i] == DEAD_SLOT;
            needed += keys.required[i], possible += !keys.forbidden[i];
            if (keys.required[i] && keys.forbidden[i]) throw Refused();
        }
        if (others && others != INFINITE) others -= static_cast<uint32_t>(listed);
        if (!plain && !native) return least == 0 && !needed ? called(open, close) : NOWHERE;
        if (close == NOWHERE || std::max<uint64_t>(least, needed) > std::min<uint64_t>(possible + others, most)) return NOWHERE;
        keys.others = others;
        const uint32_t key_set = static_cast<uint32_t>(tables.key_sets.size());
        tables.key_sets.push_back(std::move(keys));
        if (plain) {
            std::vector<std::string_view> texts(n);
            for (uint32_t i = 0; i < n; ++i)
                texts[i] = {static_cast<const char*>(PyUnicode_DATA(names[i])), static_cast<size_t>(PyUnicode_GET_LENGTH(names[i]))};
            native = Dfa::of_names(texts, open_ended);
            dfa = nb::steal(PyTuple_Pack(2, names.tuple, open_ended ? Py_True : Py_False));
        }
        const uint8_t encoding = encoding_of(field(node, MEMBERS, 12));
        const uint32_t key = read(span(dfa.ptr(), native, encoding, KEY, 0, INFINITE, key_set), slot);
        const uint32_t done = state(DONE, close, key_set);
        const uint32_t more = state(MORE, called(comma, key), key_set);
        patch(after, {done, more});
        const uint32_t first = state(MORE, key, key_set);
        return called(open, split({done, first}));
    }

    // Names that need no checks: see automaton.languages.key_language.
    bool plain_names(const Tuple& names) const {
        uint64_t size = 0;
        for (size_t i = 0; i < names.size(); ++i) {
            if (!PyUnicode_Check(names[i]) || !PyUnicode_IS_ASCII(names[i])) return false;
            size += static_cast<uint64_t>(PyUnicode_GET_LENGTH(names[i]));
        }
        return size <= most / 4;
    }

    bool is_never(PyObject* node) const { return is(node, ALT) && Tuple(field(node, ALT, 0)).size() == 0; }

    void add_kind(PyObject* value, Nodes& kinds) const {
        if (value != Py_None && !is_never(value)) kinds.push_back(value);
    }

    uint32_t key_slots(const Tuple& values, const Nodes& others, PyObject* colon, uint32_t after) {
        const uint32_t back = static_cast<uint32_t>(tables.returns.size());
        tables.returns.push_back(after);
        List fronts;
        fronts.reserve(values.size() + others.size());
        for (size_t i = 0; i < values.size(); ++i) fronts.push_back(member(values[i], colon, back));
        for (PyObject* value : others) fronts.push_back(member(value, colon, back));
        const uint32_t slot = static_cast<uint32_t>(tables.returns.size());
        tables.returns.insert(tables.returns.end(), fronts.begin(), fronts.end());
        return slot;
    }

    uint32_t member(PyObject* value, PyObject* colon, uint32_t back) {
        const NumberMap::Key here{word(value), back, VALUES};
        if (const uint32_t* found = map_.find(here)) return *found;
        uint32_t front = DEAD_SLOT;
        if (!is_never(value)) {
            const uint64_t target = class_of(value) == REF ? word(same_name(field(value, REF, 0))) : word(value);
            const uint32_t rule = pend({target, word(colon), MEMBER}, {Pending::AS_MEMBER, 0, value, colon});
            front = static_cast<uint32_t>(tables.states.size());
            tables.states.push_back({CALL, rule, back});
        }
        map_.insert(here, front);
        return front;
    }

    Lowering& shared_;
    nb::handle limits_, native_dfa_;
    NumberMap& map_;
    std::vector<Pending>& pending_;
    const Template* common_;
    PyObject *rules_ = nullptr, *origins_ = nullptr;
    nb::dict names_{nb::steal<nb::dict>(nullptr)};
    uint32_t returned_ = 0, depth_ = 0;

public:
    nb::list automata{nb::steal<nb::list>(nullptr)};
    nb::dict origins;
};

Lowering::Lowering(nb::list classes, nb::dict encodings, nb::object language, nb::object keys, nb::object items)
    : encodings_(std::move(encodings)), language_(std::move(language)), keys_(std::move(keys)), items_(std::move(items)) {
    constexpr size_t FIELDS[N_CLASSES] = {7, 1, 4, 1, 1, 14, 8, 1, 3, 1, 0, 0, 0};
    if (classes.size() != N_CLASSES) throw nb::value_error("a class for each kind of node");
    for (int i = 0; i < N_CLASSES; ++i) {
        if (classes[i].is_none()) continue;
        NodeClass& made = classes_[i];
        made.type = reinterpret_cast<PyTypeObject*>(nb::object(classes[i][0]).inc_ref().ptr());
        for (nb::handle name : nb::object(classes[i][1])) made.fields.push_back(offset_of(made.type, nb::str(name).c_str()));
        if (made.fields.size() != FIELDS[i]) throw nb::value_error("a node has other fields than native lowering knows");
        for (nb::handle other : nb::object(classes[i][2]))
            made.others.emplace_back(offset_of(made.type, nb::str(nb::object(other[0])).c_str()), nb::object(other[1]));
    }
}

Lowering::~Lowering() {
    for (NodeClass& c : classes_) Py_XDECREF(c.type);
}

// The tables of a grammar's common rule, made once.
std::shared_ptr<const Lowering::Template> Lowering::common_of(PyObject* name, PyObject* rules, nb::handle limits,
                                                              nb::handle native_dfa, uint64_t most_states) {
    PyObject* node = name == Py_None ? nullptr : PyDict_GetItemWithError(rules, name);
    if (!node) return PyErr_Clear(), nullptr;
    for (const auto& kept : templates_)
        if (kept->node.ptr() == node) return kept;
    nb::dict own;
    own[nb::handle(name)] = nb::borrow(node);
    auto made = std::make_shared<Template>();
    Work work;
    Builder builder(*this, limits, native_dfa, most_states, work, nullptr);
    builder.run(name, Pending::AS_REFERENCE, own.ptr(), nb::dict().ptr());
    made->node = nb::borrow(node), made->name = nb::borrow(name);
    made->automata = builder.automata;
    made->tables = std::move(builder.tables);
    made->map = std::move(work.map);
    made->returned = builder.returned();
    if (templates_.size() >= TEMPLATES_KEPT) templates_.erase(templates_.begin());
    templates_.push_back(made);
    return made;
}

nb::object Lowering::lower(std::shared_ptr<Vocabulary> vocabulary, nb::handle grammar, nb::handle limits,
                           nb::handle native_dfa, uint64_t most_states, const Limits& engine_limits) try {
    const NodeClass& known = classes_[GRAMMAR];
    if (Py_TYPE(grammar.ptr()) != known.type) return nb::none();
    for (const auto& [place, usual] : known.others)
        if (at(grammar.ptr(), place) != usual.ptr()) return nb::none();  // lexers, names in scope
    auto field = [&](int number) { return at(grammar.ptr(), known.fields[number]); };
    PyObject *start = field(0), *rules = field(1), *origins = field(2), *common = field(3), *pruned = field(4);
    if (!PyDict_CheckExact(rules) || (PyDict_GET_SIZE(rules) && pruned != Py_True)) return nb::none();
    const auto shared = common_of(common, rules, limits, native_dfa, most_states);
    std::unique_ptr<Work> work = std::move(spare_);
    if (!work) work = std::make_unique<Work>();
    Builder builder(*this, limits, native_dfa, most_states, *work, shared.get());
    builder.run(start, Pending::AS_NODE, rules, origins);
    if (builder.tables.states.size() <= SPARE_STATES) spare_ = std::move(work);
    auto made = std::make_shared<Grammar>(
        std::move(vocabulary), std::make_shared<const Tables>(std::move(builder.tables)), engine_limits);
    if (made->engine.empty(made->engine.start()) && !made->engine.accepting(made->engine.start())) return nb::none();
    return nb::make_tuple(std::move(made), std::move(builder.automata), std::move(builder.origins));
} catch (const Refused&) {
    return nb::none();
}

}  // namespace structgen
