"""Programming languages: which files are theirs, which grammar parses them, what counts as a definition.

A language without a grammar is cut at blank lines, with symbols found by a pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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


@dataclass(frozen=True, slots=True)
class Language:
    """A programming language as files on a disk show it."""

    name: str
    suffixes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Whole file names, in lower case."""
    interpreters: tuple[str, ...] = field(default=())
    """Programs that a `#!` line may name."""
    scripting: bool = False
    """Programs in it are often a single file that is run by itself."""
    always_script: bool = False
    """A file in it is nearly always such a program."""
    grammar: Grammar | None = None


def _grammar(module: str, definitions: str, containers: str = "", entry: str = "language") -> Grammar:
    inner = frozenset(containers.split())
    return Grammar(f"tree_sitter_{module}", frozenset(definitions.split()) | inner, inner, entry)


_JS = "function_declaration generator_function_declaration method_definition variable_declarator assignment_expression pair field_definition"
_TS = (
    "function_declaration generator_function_declaration method_definition variable_declarator assignment_expression "
    "pair public_field_definition type_alias_declaration function_signature method_signature "
    "abstract_method_signature enum_declaration"
)
_TS_CONTAINERS = "class_declaration abstract_class_declaration interface_declaration internal_module module"
_C_TYPES = "struct_specifier union_specifier enum_specifier"

LANGUAGES: tuple[Language, ...] = (
    Language(
        "python", (".py", ".pyw", ".pyi", ".pyx", ".pxd"), ("sconstruct", "sconscript", "wscript"),
        ("python", "python2", "python3", "pypy", "pypy3"), True,
        grammar=_grammar("python", "function_definition", "class_definition"),
    ),
    Language(
        "javascript", (".js", ".mjs", ".cjs", ".jsx", ".es6"), ("jakefile",), ("node", "nodejs", "deno", "bun", "gjs"),
        True, grammar=_grammar("javascript", _JS, "class_declaration"),
    ),
    Language("typescript", (".ts", ".mts", ".cts"), (), ("ts-node", "tsx"), True,
             grammar=_grammar("typescript", _TS, _TS_CONTAINERS, "language_typescript")),
    Language("typescript", (".tsx",), grammar=_grammar("typescript", _TS, _TS_CONTAINERS, "language_tsx")),
    Language("java", (".java",), grammar=_grammar(
        "java", "method_declaration constructor_declaration compact_constructor_declaration",
        "class_declaration interface_declaration enum_declaration record_declaration annotation_type_declaration")),
    Language("c", (".c", ".h"), grammar=_grammar(
        "c", f"function_definition type_definition preproc_function_def {_C_TYPES}")),
    Language("c++", (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".tpp", ".inl", ".ino", ".cu", ".cuh"),
             grammar=_grammar("cpp", "function_definition type_definition enum_specifier union_specifier preproc_function_def",
                              "class_specifier struct_specifier namespace_definition")),
    Language("c#", (".cs", ".csx"), grammar=_grammar(
        "c_sharp", "method_declaration constructor_declaration destructor_declaration operator_declaration "
        "delegate_declaration local_function_statement enum_declaration",
        "class_declaration interface_declaration struct_declaration record_declaration namespace_declaration")),
    Language("go", (".go",), grammar=_grammar("go", "function_declaration method_declaration type_declaration")),
    Language("rust", (".rs",), grammar=_grammar(
        "rust", "function_item function_signature_item struct_item enum_item union_item macro_definition",
        "impl_item trait_item mod_item")),
    Language("ruby", (".rb", ".rake", ".gemspec", ".ru"), ("rakefile", "gemfile", "vagrantfile", "guardfile", "podfile", "brewfile"),
             ("ruby",), True, grammar=_grammar("ruby", "method singleton_method", "class module")),
    Language("php", (".php", ".php3", ".php4", ".php5", ".phtml", ".inc"), (), ("php",), True, grammar=_grammar(
        "php", "function_definition method_declaration",
        "class_declaration interface_declaration trait_declaration enum_declaration namespace_definition", "language_php")),
    Language("shell", (".sh", ".bash", ".zsh", ".ksh", ".ash", ".bats", ".ebuild"),
             (".bashrc", ".bash_profile", ".bash_aliases", ".zshrc", ".profile", "pkgbuild", "apkbuild"),
             ("sh", "bash", "zsh", "ksh", "dash", "ash"), True, True, _grammar("bash", "function_definition")),
    Language("lua", (".lua",), (), ("lua", "luajit"), True,
             grammar=_grammar("lua", "function_declaration assignment_statement")),
    Language("perl", (".pl", ".pm", ".t", ".psgi"), ("makefile.pl", "build.pl", "cpanfile"), ("perl",), True,
             grammar=_grammar("perl", "subroutine_declaration_statement method_declaration_statement")),
    Language("kotlin", (".kt", ".kts"), (), ("kotlin",), grammar=_grammar(
        "kotlin", "function_declaration secondary_constructor", "class_declaration object_declaration companion_object")),
    Language("scala", (".scala", ".sc", ".sbt"), (), ("scala",), grammar=_grammar(
        "scala", "function_definition function_declaration",
        "class_definition object_definition trait_definition enum_definition")),
    Language("swift", (".swift",), (), ("swift",), grammar=_grammar(
        "swift", "function_declaration init_declaration deinit_declaration protocol_function_declaration",
        "class_declaration protocol_declaration")),
    # No grammar: cut at blank lines.
    Language("sql", (".sql", ".ddl", ".psql", ".pks", ".pkb")),
    Language("pascal", (".pas", ".pp", ".dpr", ".lpr", ".dpk", ".lfm", ".dfm")),
    Language("awk", (".awk",), (), ("awk", "gawk", "mawk"), True, True),
    Language("sed", (".sed",), (), ("sed",), True, True),
    Language("visual basic", (".vb", ".bas", ".cls", ".frm", ".vba")),
    Language("vbscript", (".vbs", ".wsf"), (), (), True, True),
    Language("powershell", (".ps1", ".psm1", ".psd1"), (), ("pwsh", "powershell"), True, True),
    Language("batch", (".bat", ".cmd"), (), (), True, True),
    Language("applescript", (".applescript",), (), ("osascript",), True, True),
    Language("autohotkey", (".ahk", ".au3"), (), (), True, True),
    Language("lisp", (".lisp", ".lsp", ".cl", ".asd"), (), ("sbcl", "clisp"), True),
    Language("emacs lisp", (".el",), (".emacs",), ("emacs",), True),
    Language("scheme", (".scm", ".ss", ".sld", ".rkt"), (), ("guile", "racket", "gosh"), True),
    Language("clojure", (".clj", ".cljs", ".cljc", ".edn"), (), ("bb", "clojure"), True),
    Language("haskell", (".hs", ".lhs", ".hsc"), (), ("runhaskell", "runghc", "stack"), True),
    Language("ocaml", (".ml", ".mli", ".mll", ".mly"), (), ("ocaml",), True),
    Language("f#", (".fs", ".fsx", ".fsi")),
    Language("erlang", (".erl", ".hrl"), (), ("escript",), True),
    Language("elixir", (".ex", ".exs"), (), ("elixir",), True),
    Language("r", (".r", ".rprofile"), (), ("rscript",), True),
    Language("julia", (".jl",), (), ("julia",), True),
    Language("matlab", (".m", ".mat.txt"), (), ("octave",), True),
    Language("fortran", (".f", ".for", ".f77", ".f90", ".f95", ".f03", ".f08")),
    Language("cobol", (".cob", ".cbl", ".cpy")),
    Language("ada", (".adb", ".ads")),
    Language("assembly", (".asm", ".s", ".nasm")),
    Language("d", (".d",)),
    Language("dart", (".dart",)),
    Language("nim", (".nim", ".nims")),
    Language("zig", (".zig",)),
    Language("vala", (".vala", ".vapi")),
    Language("objective-c", (".mm",)),
    Language("groovy", (".groovy", ".gradle", ".gvy"), ("jenkinsfile",), ("groovy",), True),
    Language("tcl", (".tcl", ".tk", ".exp"), (), ("tclsh", "wish", "expect"), True),
    Language("prolog", (".pro", ".prolog"), (), ("swipl",), True),
    Language("vim", (".vim",), (".vimrc", "_vimrc", ".gvimrc"), (), True),
    Language("verilog", (".v", ".sv", ".svh", ".vh")),
    Language("vhdl", (".vhd", ".vhdl")),
    Language("css", (".css", ".scss", ".sass", ".less", ".styl")),
    Language("vue", (".vue",)),
    Language("svelte", (".svelte",)),
    Language("graphql", (".graphql", ".gql")),
    Language("protobuf", (".proto",)),
    Language("thrift", (".thrift",)),
    Language("solidity", (".sol",)),
    Language("glsl", (".glsl", ".vert", ".frag", ".hlsl", ".shader")),
    Language("gdscript", (".gd",)),
    Language("nix", (".nix",)),
    Language("terraform", (".tf", ".tfvars", ".hcl")),
    Language("cmake", (".cmake",), ("cmakelists.txt",)),
    Language("make", (".mk", ".mak", ".make"), ("makefile", "gnumakefile", "makefile.am", "makefile.in", "kbuild"), ("make",)),
    Language("meson", (), ("meson.build", "meson_options.txt")),
    Language("just", (".just",), ("justfile", ".justfile")),
    Language("dockerfile", (".dockerfile",), ("dockerfile", "containerfile")),
    Language("gnuplot", (".gp", ".gnuplot", ".plt"), (), ("gnuplot",), True, True),
    Language("openscad", (".scad",)),
    Language("forth", (".fth", ".4th")),
    Language("postscript", (".ps.txt",)),
)  # fmt: skip

BY_SUFFIX: Mapping[str, Language] = {s: language for language in LANGUAGES for s in language.suffixes}
BY_NAME: Mapping[str, Language] = {n: language for language in LANGUAGES for n in language.names}
BY_INTERPRETER: Mapping[str, Language] = {
    i: language for language in LANGUAGES for i in language.interpreters
}

WRAPPERS = frozenset(
    "decorated_definition export_statement ambient_declaration template_declaration lexical_declaration "
    "variable_declaration expression_statement linkage_specification declaration local_declaration".split()
)
"""Nodes around a definition that belong to it: decorators, `export`, `template <…>`, `const f = …;`."""

FUNCTION_VALUES = frozenset(
    "arrow_function function_expression function generator_function function_definition class".split()
)
"""Values that turn an assignment into a definition."""

ASSIGNMENTS = frozenset(
    "variable_declarator assignment_expression pair field_definition public_field_definition assignment_statement".split()
)
"""Nodes that are definitions only when their value is one of `FUNCTION_VALUES`."""

IMPERATIVE = frozenset(
    "if_statement for_statement while_statement try_statement with_statement for_in_statement foreach_statement "
    "if for while call do_statement method_call command".split()
)
"""Statements at the top of a file that do something: the file is a program, not a library."""
