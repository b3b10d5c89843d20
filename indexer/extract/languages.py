"""Programming languages: which files are theirs, which grammar parses them, what counts as a definition.

A language without a grammar is cut at blank lines, with symbols found by a pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Grammar:
    """A tree-sitter grammar and the node types that matter in it."""

    module: str
    """Python module that holds the compiled grammar; imported when a file needs it."""
    definitions: frozenset[str]
    """Nodes that define something with a name: functions, methods, types."""
    containers: frozenset[str] = frozenset()
    """Those of them that are entered to find the definitions inside: classes, modules, namespaces."""
    entry: str = "language"
    """Function of the module that gives the grammar."""
    longest: int = 1_000_000
    """Code points; longer files were written by programs, and text that is no code of its language parses slowly."""


@dataclass(frozen=True, slots=True)
class Language:
    """A programming language as files on a disk show it."""

    name: str
    suffixes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Whole file names, in lower case."""
    interpreters: tuple[str, ...] = ()
    """Programs that a `#!` line may name."""
    scripting: bool = False
    """Programs in it are often a single file that is run by itself."""
    always_script: bool = False
    """A file in it is nearly always such a program."""
    grammar: Grammar | None = None


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _of(module: str, definitions: str, containers: str = "", entry: str = "language") -> Grammar:
    inner = _set(containers)
    return Grammar(f"tree_sitter_{module}", _set(definitions) | inner, inner, entry)


def _plain(name: str, suffixes: str, names: str = "", interpreters: str = "", script: str = "") -> Language:
    """A language without a grammar. `script` is "often" or "always" where its files are programs by themselves."""
    endings = tuple(suffixes.split())
    kinds = (bool(script), script == "always")
    return Language(name, endings, tuple(names.split()), tuple(interpreters.split()), *kinds)


_JS = (
    "function_declaration generator_function_declaration method_definition variable_declarator "
    "assignment_expression pair"
)
_TS = f"{_JS} public_field_definition type_alias_declaration function_signature enum_declaration"
_TS_TYPES = "class_declaration abstract_class_declaration interface_declaration internal_module module"
_C_TYPES = "type_definition struct_specifier union_specifier enum_specifier preproc_function_def"

_PYTHON = _of("python", "function_definition", "class_definition")
_JAVASCRIPT = _of("javascript", f"{_JS} field_definition", "class_declaration")
_TYPESCRIPT = _of("typescript", _TS, _TS_TYPES, "language_typescript")
_TSX = _of("typescript", _TS, _TS_TYPES, "language_tsx")
_JAVA = _of(
    "java",
    "method_declaration constructor_declaration compact_constructor_declaration",
    "class_declaration interface_declaration enum_declaration record_declaration annotation_type_declaration",
)
_C = _of("c", f"function_definition {_C_TYPES}")
_CPP = _of(
    "cpp",
    "function_definition type_definition union_specifier enum_specifier preproc_function_def",
    "class_specifier struct_specifier namespace_definition",
)
_C_SHARP = _of(
    "c_sharp",
    "method_declaration constructor_declaration destructor_declaration operator_declaration delegate_declaration "
    "local_function_statement enum_declaration",
    "class_declaration interface_declaration struct_declaration record_declaration namespace_declaration",
)
_GO = _of("go", "function_declaration method_declaration type_declaration")
_RUST = _of(
    "rust",
    "function_item struct_item enum_item union_item macro_definition",
    "impl_item trait_item mod_item",
)
_RUBY = _of("ruby", "method singleton_method", "class module")
_PHP = _of(
    "php",
    "function_definition method_declaration",
    "class_declaration interface_declaration trait_declaration enum_declaration namespace_definition",
    "language_php",
)
_SHELL = _of("bash", "function_definition")
# This grammar's scanner is quadratic where text is no Lua: 150 kB of a web page took 25 seconds.
_LUA = replace(_of("lua", "function_declaration assignment_statement"), longest=50_000)
_PERL = _of("perl", "subroutine_declaration_statement method_declaration_statement")
_KOTLIN = _of(
    "kotlin",
    "function_declaration secondary_constructor",
    "class_declaration object_declaration companion_object",
)
_SCALA = _of("scala", "function_definition", "class_definition object_definition trait_definition enum_definition")
_SWIFT = _of(
    "swift",
    "function_declaration init_declaration deinit_declaration",
    "class_declaration protocol_declaration",
)

LANGUAGES: tuple[Language, ...] = (
    Language(
        "python",
        (".py", ".pyw", ".pyi", ".pyx", ".pxd"),
        ("sconstruct", "sconscript", "wscript"),
        ("python", "pypy"),
        scripting=True,
        grammar=_PYTHON,
    ),
    Language(
        "javascript",
        (".js", ".mjs", ".cjs", ".jsx", ".es6"),
        ("jakefile",),
        ("node", "nodejs", "deno", "bun", "gjs"),
        scripting=True,
        grammar=_JAVASCRIPT,
    ),
    Language("typescript", (".ts", ".mts", ".cts"), (), ("ts-node", "tsx"), True, grammar=_TYPESCRIPT),
    Language("typescript", (".tsx",), grammar=_TSX),
    Language("java", (".java",), grammar=_JAVA),
    Language("c", (".c", ".h"), grammar=_C),
    Language(
        "c++",
        (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".tpp", ".inl", ".ino", ".cu", ".cuh"),
        grammar=_CPP,
    ),
    Language("c#", (".cs", ".csx"), grammar=_C_SHARP),
    Language("go", (".go",), grammar=_GO),
    Language("rust", (".rs",), grammar=_RUST),
    Language(
        "ruby",
        (".rb", ".rake", ".gemspec", ".ru"),
        ("rakefile", "gemfile", "vagrantfile", "guardfile", "podfile", "brewfile"),
        ("ruby",),
        scripting=True,
        grammar=_RUBY,
    ),
    Language("php", (".php", ".php3", ".php4", ".php5", ".phtml"), (), ("php",), True, grammar=_PHP),
    Language(
        "shell",
        (".sh", ".bash", ".zsh", ".ksh", ".ash", ".bats", ".ebuild"),
        (".bashrc", ".bash_profile", ".bash_aliases", ".zshrc", ".profile", "pkgbuild", "apkbuild"),
        ("sh", "bash", "zsh", "ksh", "dash", "ash"),
        scripting=True,
        always_script=True,
        grammar=_SHELL,
    ),
    Language("lua", (".lua",), (), ("lua", "luajit"), True, grammar=_LUA),
    Language("perl", (".pl", ".pm", ".t", ".psgi"), ("cpanfile",), ("perl",), True, grammar=_PERL),
    Language("kotlin", (".kt", ".kts"), (), ("kotlin",), grammar=_KOTLIN),
    Language("scala", (".scala", ".sc", ".sbt"), (), ("scala",), grammar=_SCALA),
    Language("swift", (".swift",), (), ("swift",), grammar=_SWIFT),
    _plain("sql", ".sql .ddl .psql .pks .pkb"),
    _plain("pascal", ".pas .pp .dpr .lpr .dpk"),
    _plain("awk", ".awk", "", "awk gawk mawk", "always"),
    _plain("sed", ".sed", "", "sed", "always"),
    _plain("visual basic", ".vb .bas .cls .frm .vba"),
    _plain("vbscript", ".vbs .wsf", "", "", "always"),
    _plain("powershell", ".ps1 .psm1 .psd1", "", "pwsh powershell", "always"),
    _plain("batch", ".bat .cmd", "", "", "always"),
    _plain("applescript", ".applescript", "", "osascript", "always"),
    _plain("autohotkey", ".ahk .au3", "", "", "always"),
    _plain("lisp", ".lisp .lsp .cl .asd", "", "sbcl clisp", "often"),
    _plain("emacs lisp", ".el", ".emacs", "emacs", "often"),
    _plain("scheme", ".scm .ss .sld .rkt", "", "guile racket gosh", "often"),
    _plain("clojure", ".clj .cljs .cljc .edn", "", "bb clojure", "often"),
    _plain("haskell", ".hs .lhs .hsc", "", "runhaskell runghc stack", "often"),
    _plain("ocaml", ".ml .mli .mll .mly", "", "ocaml", "often"),
    _plain("f#", ".fs .fsx .fsi"),
    _plain("erlang", ".erl .hrl", "", "escript", "often"),
    _plain("elixir", ".ex .exs", "", "elixir", "often"),
    _plain("r", ".r", ".rprofile", "rscript", "often"),
    _plain("julia", ".jl", "", "julia", "often"),
    _plain("matlab", ".m", "", "octave", "often"),
    _plain("fortran", ".f .for .f77 .f90 .f95 .f03 .f08"),
    _plain("cobol", ".cob .cbl .cpy"),
    _plain("ada", ".adb .ads"),
    _plain("assembly", ".asm .s .nasm"),
    _plain("d", ".d"),
    _plain("dart", ".dart"),
    _plain("nim", ".nim .nims"),
    _plain("zig", ".zig"),
    _plain("vala", ".vala .vapi"),
    _plain("objective-c", ".mm"),
    _plain("groovy", ".groovy .gradle .gvy", "jenkinsfile", "groovy", "often"),
    _plain("tcl", ".tcl .tk .exp", "", "tclsh wish expect", "often"),
    _plain("prolog", ".pro .prolog", "", "swipl", "often"),
    _plain("vim", ".vim", ".vimrc _vimrc .gvimrc", "", "often"),
    _plain("verilog", ".v .sv .svh .vh"),
    _plain("vhdl", ".vhd .vhdl"),
    _plain("css", ".css .scss .sass .less .styl"),
    _plain("vue", ".vue"),
    _plain("svelte", ".svelte"),
    _plain("graphql", ".graphql .gql"),
    _plain("protobuf", ".proto"),
    _plain("thrift", ".thrift"),
    _plain("solidity", ".sol"),
    _plain("glsl", ".glsl .vert .frag .hlsl .shader"),
    _plain("gdscript", ".gd"),
    _plain("nix", ".nix"),
    _plain("terraform", ".tf .tfvars .hcl"),
    _plain("cmake", ".cmake", "cmakelists.txt"),
    _plain("make", ".mk .mak", "makefile gnumakefile makefile.am makefile.in kbuild", "make"),
    _plain("meson", "", "meson.build meson_options.txt"),
    _plain("just", ".just", "justfile .justfile"),
    _plain("dockerfile", ".dockerfile", "dockerfile containerfile"),
    _plain("gnuplot", ".gp .gnuplot .plt", "", "gnuplot", "always"),
    _plain("openscad", ".scad"),
    _plain("forth", ".fth .4th"),
)

BY_SUFFIX: Mapping[str, Language] = {s: language for language in LANGUAGES for s in language.suffixes}
BY_NAME: Mapping[str, Language] = {n: language for language in LANGUAGES for n in language.names}
BY_INTERPRETER: Mapping[str, Language] = {i: language for language in LANGUAGES for i in language.interpreters}

WRAPPERS = _set(
    "decorated_definition export_statement ambient_declaration template_declaration lexical_declaration "
    "variable_declaration expression_statement linkage_specification declaration"
)
"""Nodes around a definition that belong to it: decorators, `export`, `template <…>`, `const f = …;`."""

ATTACHED = _set("attribute_item attribute_list decorator")
"""Nodes above a definition that belong to it, besides comments."""

FUNCTION_VALUES = _set("arrow_function function_expression generator_function function_definition class")
"""Values that turn an assignment into a definition."""

ASSIGNMENTS = _set(
    "variable_declarator assignment_expression pair field_definition public_field_definition assignment_statement"
)
"""Nodes that are definitions only when their value is one of `FUNCTION_VALUES`."""

ACTIONS = _set(
    "if_statement for_statement while_statement with_statement for_in_statement foreach_statement echo_statement "
    "if for while call do_statement method_call command"
)
"""Statements at the top of a file that do something: the file is a program, not a library."""
