#include "schemas.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "lowering.hpp"

namespace nb = nanobind;

namespace structgen {

namespace {

// The bits of types, as in schema/nodes.py; schema/keywords.py names them.
constexpr uint32_t NULL_BIT = 1, BOOLEAN_BIT = 2, NUMBER_BITS = 12, STRING_BIT = 16, ARRAY_BIT = 32, OBJECT_BIT = 64;
constexpr uint32_t SCALARS = 31, ALL_TYPES = 127;
constexpr size_t INLINE = 28;      // schemas within schemas; at 30 formats/json/grammar.py makes a rule of one
constexpr size_t SLASHES = 60;     // of a reference; no limit of depth may be less
constexpr size_t CHAIN = 16;       // references that lead to references
constexpr Py_ssize_t BRANCHES = 500, REMEMBERED = 4096;  // of an anyOf; scalars and enumerations

// What a keyword is to this reader. IDENTIFIER: no keyword, but it matters to references.
enum Keyword : uint32_t { TYPE, PROPERTIES, REQUIRED, ADDITIONAL, ITEMS, MIN_ITEMS, MAX_ITEMS, ENUM, REFERENCE, ANY_OF, ONE_OF,
                          SCALAR, IDENTIFIER, DIALECT, OTHER, N_KEYWORDS };

// A node that is a copy of another one but for some fields.
class Pattern {
public:
    Pattern(nb::handle prototype, std::initializer_list<const char*> fields)
        : prototype_(nb::borrow(prototype)),
          size_((Py_TYPE(prototype.ptr())->tp_basicsize - sizeof(PyObject)) / sizeof(PyObject*)) {
        for (const char* field : fields) fields_.push_back(offset_of(Py_TYPE(prototype.ptr()), field));
    }
    nb::object make(std::initializer_list<PyObject*> values) const {
        PyTypeObject* type = Py_TYPE(prototype_.ptr());
        nb::object made = nb::steal(type->tp_alloc(type, 0));
        if (!made.is_valid()) throw nb::python_error();
        PyObject** to = reinterpret_cast<PyObject**>(made.ptr() + 1);
        PyObject* const* from = reinterpret_cast<PyObject* const*>(prototype_.ptr() + 1);
        for (size_t i = 0; i < size_; ++i) to[i] = Py_XNewRef(from[i]);
        const Py_ssize_t* place = fields_.data();
        for (PyObject* value : values) {
            PyObject** slot = reinterpret_cast<PyObject**>(reinterpret_cast<char*>(made.ptr()) + *place++);
            Py_XDECREF(*slot);
            *slot = Py_NewRef(value);
        }
        return made;
    }
    PyTypeObject* type() const { return Py_TYPE(prototype_.ptr()); }
    PyObject* field(PyObject* node, size_t number) const { return at(node, fields_[number]); }
    PyObject* prototype() const { return prototype_.ptr(); }

private:
    nb::object prototype_;
    size_t size_;
    std::vector<Py_ssize_t> fields_;
};

nb::object tuple_of(const std::vector<PyObject*>& items) {
    nb::object made = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(items.size())));
    if (!made.is_valid()) throw nb::python_error();
    for (size_t i = 0; i < items.size(); ++i) PyTuple_SET_ITEM(made.ptr(), static_cast<Py_ssize_t>(i), Py_NewRef(items[i]));
    return made;
}

PyObject* found_in(PyObject* dict, PyObject* key) {  // borrowed; null if it is not there
    PyObject* found = PyDict_GetItemWithError(dict, key);
    if (!found && PyErr_Occurred()) throw nb::python_error();
    return found;
}

bool is_text(PyObject* object) { return PyUnicode_CheckExact(object) && PyUnicode_AsUTF8AndSize(object, nullptr) != nullptr; }

}  // namespace

// Reads schemas written in one dialect, for one style of JSON.
class SchemaReader {
public:
    // `keywords`: name to Keyword; `types`: name to bits; `members`, `items`: nodes to copy, the plain ones; `either`: an Alt;
    // `any`: a reference to the rule of any value, `common`, whose number is 0. `scalar(bits, keywords) -> node or None`,
    // `values(texts) -> node`: called once for what they are called with.
    SchemaReader(nb::dict keywords, nb::dict types, nb::handle members, nb::handle items, nb::handle either, nb::handle any,
                 bool lone_references, nb::object scalar, nb::object values)
        : keywords_(std::move(keywords)), types_(std::move(types)),
          members_(members, {"names", "values", "required", "other"}), items_(items, {"rest", "min_count", "max_count"}),
          either_(either, {"options"}), any_(any, {"rule"}), lone_references_(lone_references), scalar_(std::move(scalar)),
          values_(std::move(values)), zero_(nb::int_(0)) {}

    // (start, {rule: node}, {rule: pointer}) without the common rule, or None for a schema that is not plain.
    nb::object read(nb::handle schema, uint64_t most_steps);

private:
    class Reading;

    nb::object scalar(uint32_t bits, const std::vector<PyObject*>& asked) {
        if (asked.empty() && plain_[bits].is_valid()) return plain_[bits];
        nb::object key = tuple_of(asked);
        if (asked.empty()) return plain_[bits] = made(scalar_(bits, key));
        std::vector<PyObject*> named = asked;
        const nb::int_ number(bits);
        named.push_back(number.ptr());
        const nb::object name = tuple_of(named);
        return remembered(name, [&] { return scalar_(bits, key); });
    }
    nb::object values(PyObject* list) {
        const nb::object key = nb::steal(PySequence_Tuple(list));
        return remembered(key, [&] { return values_(key); });
    }
    template <class Make>
    nb::object remembered(const nb::object& key, const Make& make) {
        if (PyObject* found = found_in(known_.ptr(), key.ptr())) return nb::borrow(found);
        nb::object node = made(make());
        if (PyDict_GET_SIZE(known_.ptr()) >= REMEMBERED) known_.clear();
        known_[key] = node;
        return node;
    }
    static nb::object made(nb::object node) {
        if (node.is_none()) throw Refused();
        return node;
    }

    nb::dict keywords_, types_, known_;
    Pattern members_, items_, either_, any_;
    bool lone_references_;
    nb::object scalar_, values_;
    const nb::object zero_;
    const std::array<nb::object, 2> identifiers_{nb::str("$id"), nb::str("id")};
    std::array<nb::object, SCALARS + 1> plain_;
};

// One schema. What formats/json/grammar.py calls a link is here the address of a dict, since each stands for itself alone.
class SchemaReader::Reading {
public:
    Reading(SchemaReader& shared, PyObject* root, uint64_t most) : shared_(shared), root_(root), most_(most) {}

    nb::object run() {
        PyObject* start = node(root_, {});
        if (has_identifier_ && has_reference_) throw Refused();
        return nb::make_tuple(nb::borrow(start), rules_, origins_);
    }

private:
    struct Place {  // of a schema: in another one, or where a reference led
        uint32_t parent = NONE;
        const char* keyword = nullptr;
        PyObject* name = nullptr;
        PyObject* pointer = nullptr;
    };
    struct Visited {
        Place place;
        nb::object node, rule;  // the rule's name, once it is referred to from inside
        bool active = true;
    };
    struct Found {  // a schema's keywords
        std::array<PyObject*, N_KEYWORDS> at{};
        std::vector<PyObject*> scalars;  // name, value, name, value
        uint32_t count = 0;              // of keywords, `type` not among them
        PyObject* operator[](Keyword keyword) const { return at[keyword]; }
    };

    // Borrowed: what is returned lives as long as this reading.
    PyObject* node(PyObject* raw, const Place& place, size_t chain = 0) {
        if (raw == Py_True) return shared_.any_.prototype();
        if (!PyDict_CheckExact(raw)) throw Refused();
        charge(1 + static_cast<uint64_t>(PyDict_GET_SIZE(raw)) / 8);
        const Found found = keywords(raw);
        if (found[REFERENCE]) {
            if (!shared_.lone_references_ && (found.count > 1 || found[TYPE])) throw Refused();
            return follow(found[REFERENCE], chain);
        }
        if (!found.count) {
            if (!found[TYPE]) return shared_.any_.prototype();
            if (PyUnicode_CheckExact(found[TYPE])) return plain(type_bits(found[TYPE]));
        }
        if (const uint32_t* known = seen_.find({address(raw), 0, 0})) return again(visited_[*known]);
        if (active_ >= INLINE) throw Refused();
        const uint32_t number = static_cast<uint32_t>(visited_.size());
        seen_.insert({address(raw), 0, 0}, number);
        visited_.push_back({place, {}, {}, true});
        ++active_;
        nb::object made = build(found, number);
        --active_;
        Visited& here = visited_[number];
        here.node = made, here.active = false;
        if (here.rule.is_valid()) {
            rules_[here.rule] = made;
            origins_[here.rule] = pointer(number);
        }
        return made.ptr();  // `here` holds it
    }

    PyObject* again(Visited& visited) {
        if (!visited.active) return visited.node.ptr();
        if (!visited.rule.is_valid()) visited.rule = nb::str(("v" + std::to_string(++n_rules_)).c_str());
        return keep(shared_.any_.make({visited.rule.ptr()}));
    }

    PyObject* keep(nb::object object) {
        kept_.push_back(std::move(object));
        return kept_.back().ptr();
    }

    static uint64_t address(const PyObject* object) { return reinterpret_cast<uintptr_t>(object); }

    void charge(uint64_t steps) {
        steps_ += steps;
        if (steps_ > most_) throw Refused();
    }

    Found keywords(PyObject* raw) {
        Found found;
        PyObject *name = nullptr, *value = nullptr;
        for (Py_ssize_t i = 0; PyDict_Next(raw, &i, &name, &value);) {
            if (!PyUnicode_CheckExact(name)) throw Refused();
            PyObject* code = found_in(shared_.keywords_.ptr(), name);
            if (!code) continue;
            const uint32_t keyword = static_cast<uint32_t>(PyLong_AsLong(code));
            if (keyword == IDENTIFIER) {
                if (PyUnicode_Check(value)) found.at[IDENTIFIER] = value;
                continue;
            }
            found.at[keyword] = value;
            found.count += keyword != TYPE && keyword != DIALECT;
            if (keyword == SCALAR) found.scalars.push_back(name), found.scalars.push_back(value);
        }
        if (found[OTHER] && !(shared_.lone_references_ && found[REFERENCE])) throw Refused();
        if (raw == root_) {
            dialect_ = found[DIALECT];
        } else {
            if (found[DIALECT] && !is_same(found[DIALECT], dialect_)) throw Refused();
            has_identifier_ = has_identifier_ || found[IDENTIFIER];
        }
        return found;
    }

    // Whether two names of metaschemas are equal but for an empty fragment.
    static bool is_same(PyObject* one, PyObject* other) {
        const auto bare = [](PyObject* name) {
            Py_ssize_t size = 0;
            const char* text = name && PyUnicode_CheckExact(name) ? PyUnicode_AsUTF8AndSize(name, &size) : nullptr;
            if (!text) PyErr_Clear(), throw Refused();
            return std::string_view(text, static_cast<size_t>(size - (size && text[size - 1] == '#')));
        };
        return bare(one) == bare(other);
    }

    uint32_t type_bits(PyObject* name) const {
        PyObject* bits = PyUnicode_CheckExact(name) ? found_in(shared_.types_.ptr(), name) : nullptr;
        if (!bits) throw Refused();
        return static_cast<uint32_t>(PyLong_AsLong(bits));
    }

    uint32_t types(PyObject* type) const {
        if (!type) return ALL_TYPES;
        if (!PyList_CheckExact(type)) return type_bits(type);
        uint32_t bits = 0;
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(type); ++i) bits |= type_bits(PyList_GET_ITEM(type, i));
        if (!bits) throw Refused();
        return bits;
    }

    // --- nodes ----------------------------------------------------------------------------------------------------------

    PyObject* plain(uint32_t bits) {
        if (bits == OBJECT_BIT) return shared_.members_.prototype();
        if (bits == ARRAY_BIT) return shared_.items_.prototype();
        return keep(shared_.scalar(bits, {}));
    }

    nb::object build(const Found& found, uint32_t number) {
        if (found[ENUM]) return shared_.values(texts(found));
        if (found[ANY_OF] || found[ONE_OF]) return branches(found, number);
        const uint32_t bits = types(found[TYPE]);
        std::vector<PyObject*> options;
        if (bits & OBJECT_BIT) options.push_back(members(found, number));
        else check_unused(found);
        if (bits & ARRAY_BIT) options.push_back(items(found, number));
        else if (found[ITEMS] || found[MIN_ITEMS] || found[MAX_ITEMS]) throw Refused();
        if (bits & SCALARS) options.push_back(scalar(bits & SCALARS, found));
        else if (!found.scalars.empty()) throw Refused();
        return options.size() == 1 ? nb::borrow(options[0]) : either(options);
    }

    PyObject* scalar(uint32_t bits, const Found& found) {
        for (size_t i = 1; i < found.scalars.size(); i += 2) {
            PyObject* value = found.scalars[i];  // true is no number, though it equals one
            if (!PyUnicode_CheckExact(value) && !PyLong_CheckExact(value) && !PyFloat_CheckExact(value)) throw Refused();
        }
        return keep(shared_.scalar(bits, found.scalars));
    }

    nb::object either(const std::vector<PyObject*>& options) const {
        std::vector<PyObject*> flat;
        for (PyObject* option : options) {
            if (Py_TYPE(option) != shared_.either_.type()) {
                flat.push_back(option);
                continue;
            }
            const Tuple inner(shared_.either_.field(option, 0));
            for (size_t i = 0; i < inner.size(); ++i) flat.push_back(inner[i]);
        }
        return shared_.either_.make({tuple_of(flat).ptr()});
    }

    // The list of an enumeration of strings.
    PyObject* texts(const Found& found) {
        PyObject* list = found[ENUM];
        if (found.count > 1 || !(types(found[TYPE]) & STRING_BIT) || !PyList_CheckExact(list)) throw Refused();
        const Py_ssize_t size = PyList_GET_SIZE(list);
        if (!size) throw Refused();
        charge(static_cast<uint64_t>(size));
        for (Py_ssize_t i = 0; i < size; ++i)
            if (!is_text(PyList_GET_ITEM(list, i))) PyErr_Clear(), throw Refused();
        return list;
    }

    // anyOf, and oneOf where no type has two branches: alternatives in the order of types, as in Writer._union.
    nb::object branches(const Found& found, uint32_t number) {
        const bool exactly_one = found[ONE_OF] != nullptr;
        PyObject* list = exactly_one ? found[ONE_OF] : found[ANY_OF];
        if (found.count > 1 || found[TYPE] || !PyList_CheckExact(list) || !PyList_GET_SIZE(list) || PyList_GET_SIZE(list) > BRANCHES)
            throw Refused();
        std::vector<PyObject*> objects, arrays, numbers, strings;
        nb::list values;
        uint32_t seen = 0;
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
            PyObject* raw = PyList_GET_ITEM(list, i);
            Place place{number, exactly_one ? "oneOf" : "anyOf", keep(nb::str(nb::int_(i)))};
            Found here = branch(raw);
            for (size_t chain = 0; here[REFERENCE]; here = branch(raw)) {
                if (++chain > CHAIN || (!shared_.lone_references_ && (here.count > 1 || here[TYPE]))) throw Refused();
                place = {NONE, nullptr, nullptr, here[REFERENCE]};
                raw = target(here[REFERENCE]);
            }
            if (here[ANY_OF] || here[ONE_OF] || (!here[TYPE] && !here[ENUM])) throw Refused();
            const uint32_t bits = here[ENUM] ? STRING_BIT : types(here[TYPE]);
            if ((bits & seen) & (exactly_one ? ALL_TYPES : NUMBER_BITS)) throw Refused();
            seen |= bits;
            if (bits & (OBJECT_BIT | ARRAY_BIT) && here.count && bits & (bits - 1)) throw Refused();
            if (bits & OBJECT_BIT) add(here.count ? whole(raw, place) : shared_.members_.prototype(), objects);
            if (bits & ARRAY_BIT) add(here.count ? whole(raw, place) : shared_.items_.prototype(), arrays);
            if (here[ENUM]) {
                values.attr("extend")(nb::handle(texts(here)));
                continue;
            }
            if (bits & STRING_BIT) add(scalar(STRING_BIT, here), strings);
            if (bits & NUMBER_BITS) numbers.push_back(scalar(bits & NUMBER_BITS, here));
            if (bits & (BOOLEAN_BIT | NULL_BIT)) scalar(bits & (BOOLEAN_BIT | NULL_BIT), here);  // or it is refused
        }
        PyObject* any = seen & STRING_BIT ? plain(STRING_BIT) : nullptr;
        if (std::find(strings.begin(), strings.end(), any) != strings.end()) strings = {any};
        else if (values.size() && strings.empty()) strings = {keep(shared_.values(values.ptr()))};
        else if (values.size() || strings.size() > 1) throw Refused();
        std::vector<PyObject*> options;
        alone(objects, shared_.members_.prototype()), alone(arrays, shared_.items_.prototype());
        for (const auto* some : {&objects, &arrays, &strings, &numbers}) options.insert(options.end(), some->begin(), some->end());
        if (const uint32_t rest = seen & (BOOLEAN_BIT | NULL_BIT)) options.push_back(plain(rest));
        return options.size() == 1 ? nb::borrow(options[0]) : either(options);
    }

    Found branch(PyObject* raw) {
        if (!PyDict_CheckExact(raw)) throw Refused();
        charge(1 + static_cast<uint64_t>(PyDict_GET_SIZE(raw)) / 8);
        return keywords(raw);
    }

    // A branch that is one object or one list. A branch that holds itself is written twice in Python: not here.
    PyObject* whole(PyObject* raw, const Place& place) {
        const uint32_t* known = seen_.find({address(raw), 0, 0});
        if (known && visited_[*known].active) throw Refused();
        PyObject* made = node(raw, place);
        const uint32_t* number = seen_.find({address(raw), 0, 0});
        if (!known && number && visited_[*number].rule.is_valid()) throw Refused();
        return made;
    }

    static void add(PyObject* node, std::vector<PyObject*>& to) {
        if (std::find(to.begin(), to.end(), node) == to.end()) to.push_back(node);
    }

    // What allows everything takes the others with it.
    static void alone(std::vector<PyObject*>& nodes, PyObject* any) {
        if (std::find(nodes.begin(), nodes.end(), any) != nodes.end()) nodes = {any};
    }

    PyObject* items(const Found& found, uint32_t number) {
        PyObject *of = found[ITEMS], *least = found[MIN_ITEMS], *most = found[MAX_ITEMS];
        if (!of && !least && !most) return shared_.items_.prototype();
        const uint32_t from = least ? count(least) : 0;
        if (most && (count(most) == 0 || count(most) < from)) throw Refused();
        PyObject* rest = of ? node(of, {number, "items"}) : shared_.any_.prototype();
        if (rest == shared_.any_.prototype() && !from && !most) return shared_.items_.prototype();
        return keep(shared_.items_.make({rest, least ? least : shared_.zero_.ptr(), most ? most : Py_None}));
    }

    // Keywords of objects where no object is allowed: only those that cannot be wrong.
    static void check_unused(const Found& found) {
        PyObject *properties = found[PROPERTIES], *additional = found[ADDITIONAL];
        if (found[REQUIRED] || (additional && !PyBool_Check(additional)) ||
            (properties && !(PyDict_CheckExact(properties) && PyDict_GET_SIZE(properties) == 0)))
            throw Refused();
    }

    static uint32_t count(PyObject* number) {
        if (!PyLong_CheckExact(number)) throw Refused();
        return count_of(number);
    }

    PyObject* members(const Found& found, uint32_t number) {
        PyObject *properties = found[PROPERTIES], *required = found[REQUIRED], *additional = found[ADDITIONAL];
        if (properties && !PyDict_CheckExact(properties)) throw Refused();
        if (required && !PyList_CheckExact(required)) throw Refused();
        std::vector<PyObject*> names, values;
        const size_t size = properties ? static_cast<size_t>(PyDict_GET_SIZE(properties)) : 0;
        names.reserve(size), values.reserve(size);
        PyObject *name = nullptr, *value = nullptr;
        for (Py_ssize_t i = 0; size && PyDict_Next(properties, &i, &name, &value);) {
            if (!is_text(name)) PyErr_Clear(), throw Refused();
            names.push_back(name);
            values.push_back(node(value, {number, "properties", name}));
        }
        const auto other = [&]() -> PyObject* {
            if (additional == Py_False) return Py_None;
            return additional ? node(additional, {number, "additionalProperties"}) : shared_.any_.prototype();
        };
        const nb::object needed = nb::steal(required && PyList_GET_SIZE(required) ? PySet_New(nullptr) : Py_NewRef(Py_None));
        for (Py_ssize_t i = 0; required && i < PyList_GET_SIZE(required); ++i) {
            PyObject* must = PyList_GET_ITEM(required, i);
            if (!is_text(must)) PyErr_Clear(), throw Refused();
            const int known = PySet_Contains(needed.ptr(), must);
            if (known < 0 || (!known && PySet_Add(needed.ptr(), must))) throw nb::python_error();
            if (known || (size && found_in(properties, must))) continue;
            if (additional == Py_False) throw Refused();
            names.push_back(must);
            values.push_back(other());
        }
        PyObject* rest = other();
        if (names.empty() && rest == shared_.any_.prototype()) return shared_.members_.prototype();
        std::vector<PyObject*> flags(names.size(), Py_False);
        for (size_t i = 0; i < names.size() && needed.ptr() != Py_None; ++i) {
            const int is_needed = PySet_Contains(needed.ptr(), names[i]);
            if (is_needed < 0) throw nb::python_error();
            if (is_needed) flags[i] = Py_True;
        }
        return keep(shared_.members_.make({tuple_of(names).ptr(), tuple_of(values).ptr(), tuple_of(flags).ptr(), rest}));
    }

    // --- references -----------------------------------------------------------------------------------------------------

    PyObject* follow(PyObject* reference, size_t chain) {
        if (chain >= CHAIN) throw Refused();
        return node(target(reference), {NONE, nullptr, nullptr, reference}, chain + 1);
    }

    PyObject* target(PyObject* reference) {
        has_reference_ = true;
        Py_ssize_t size = 0;
        const char* text = PyUnicode_CheckExact(reference) ? PyUnicode_AsUTF8AndSize(reference, &size) : nullptr;
        if (!text) PyErr_Clear(), throw Refused();
        const std::string_view whole(text, static_cast<size_t>(size));
        if (whole.empty() || whole[0] != '#' || (whole.size() > 1 && whole[1] != '/') ||
            whole.find_first_of("%~") != whole.npos || std::count(whole.begin(), whole.end(), '/') > static_cast<long>(SLASHES))
            throw Refused();
        PyObject* target = root_;
        for (size_t from = 1; from < whole.size();) {
            const size_t end = std::min(whole.find('/', from + 1), whole.size());
            const nb::str token(whole.data() + from + 1, end - from - 1);
            if (!PyDict_CheckExact(target)) throw Refused();
            if (target != root_ && identifies(target)) has_identifier_ = true;
            target = found_in(target, token.ptr());
            if (!target) throw Refused();
            from = end;
        }
        return target;
    }

    // Whether a dict on the way of a reference calls itself something.
    bool identifies(PyObject* raw) const {
        for (const nb::object& name : shared_.identifiers_) {
            PyObject* found = found_in(raw, name.ptr());
            if (found && PyUnicode_Check(found)) return true;
        }
        return false;
    }

    nb::str pointer(uint32_t number) const {
        std::vector<std::string> tokens;
        std::string start = "#";
        for (; number != NONE; number = visited_[number].place.parent) {
            const Place& place = visited_[number].place;
            if (place.pointer) {
                start = PyUnicode_AsUTF8(place.pointer);
                break;
            }
            if (place.name) tokens.push_back(escaped(PyUnicode_AsUTF8(place.name)));
            if (place.keyword) tokens.push_back(place.keyword);
        }
        for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) start += "/" + *token;
        return nb::str(start.data(), start.size());
    }

    static std::string escaped(std::string_view name) {
        std::string out;
        for (char c : name) {
            if (c == '~') out += "~0";
            else if (c == '/') out += "~1";
            else out += c;
        }
        return out;
    }

    SchemaReader& shared_;
    PyObject* const root_;
    const uint64_t most_;
    uint64_t steps_ = 0;
    bool has_identifier_ = false, has_reference_ = false;
    size_t active_ = 0, n_rules_ = 0;
    PyObject* dialect_ = nullptr;
    NumberMap seen_;
    std::vector<Visited> visited_;
    std::vector<nb::object> kept_;
    nb::dict rules_, origins_;
};

nb::object SchemaReader::read(nb::handle schema, uint64_t most_steps) try {
    return Reading(*this, schema.ptr(), most_steps).run();
} catch (const Refused&) {
    return nb::none();
}

void bind_schemas(nb::module_& m) {
    nb::class_<SchemaReader>(m, "SchemaReader")
        .def(nb::init<nb::dict, nb::dict, nb::handle, nb::handle, nb::handle, nb::handle, bool, nb::object, nb::object>())
        .def("read", &SchemaReader::read, nb::arg("schema").none(), nb::arg("most_steps"));
}

}  // namespace structgen
