"""Everything that a key does, in one table: it feeds key bindings, footer, palette and help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from adder_tui.explore import explore_commands
from adder_tui.inspect import inspect_commands
from adder_tui.learn import lesson_commands
from adder_tui.network import trace_commands
from adder_tui.screen_commands import (
    edit_experiment,
    edit_value,
    focus_prompt,
    leave,
    open_last_run,
    open_run,
    save_run,
    show_data,
    show_help,
    show_palette,
    show_runs,
    show_sweep,
    switch_trace,
)
from adder_tui.tabs import TABS

if TYPE_CHECKING:
    from adder_tui.app import AdderApp


@dataclass(frozen=True)
class Command:
    """One thing that a person can do."""

    id: str
    keys: str
    """Textual's names of its keys, parted by commas."""
    shown: str
    """The key as footer and help write it."""
    label: str
    """One or two words for the footer."""
    help: str
    """A sentence for help and palette."""
    act: Callable[[AdderApp], Awaitable[None] | None] | None
    """What it does; None where a text field does it itself."""
    footer: int = 0
    """Rank in the footer, 1 first; 0 for not at all."""
    typing: str = ""
    """The key that works while a text field has the focus; empty where none does."""
    tabs: tuple[str, ...] = ()
    """Ids of the tabs that it works on while they are in front; empty for all. Words of a lesson work as well."""
    lesson: str = ""
    """What a lesson, or the list of lessons, must have, one of its words, so that this is not out of the way there."""

    def works_on(self, place: str) -> bool:
        """Whether it can be used here: ``place`` is the tab in front, and behind it what a lesson there lets one do."""
        words = place.split()
        if self.lesson and self.lesson not in words and not {"lesson", "list"}.isdisjoint(words):
            return False
        return not self.tabs or any(word in self.tabs for word in words)


def _show(tab: str, app: AdderApp) -> Awaitable[None]:
    return app.show_tab(tab)


_HOLD = ("network", "inspect", "hands")
"""Where one number is chosen and can be taken hold of."""

# fmt: off
_TIME = tuple(replace(command, lesson="run") for command in (
    Command("play", "space", "space", "play", "Play or pause the training.", lambda app: app.controller.toggle(), 1),
    Command("forward", "full_stop", ".", "step", "Take one step forward.", lambda app: app.controller.forward(), 2),
    Command("back", "comma", ",", "back", "Take one step back.", lambda app: app.controller.back(), 3),
    Command("step_size", "s", "s", "by", "Choose how far a step goes.", lambda app: app.controller.next_step_size(), 4),
    Command("home", "home", "Home", "start", "Go back to the start of the run.", lambda app: app.controller.home()),
    Command("end", "end", "End", "newest", "Go to the newest moment of the run.", lambda app: app.controller.end()),
    Command("slower", "left_square_bracket", "[", "slower", "Play slower.", lambda app: app.controller.slower(), 8),
    Command("faster", "right_square_bracket", "]", "faster", "Play faster.", lambda app: app.controller.faster(), 9),
))
_RUN = (
    Command("edit", "e", "e", "edit", "Edit the experiment: every key, its meaning, its range and its default.",
            edit_experiment, 5, lesson="form"),
    Command("data", "d", "d", "data", "Look at the pairs that are trained on, or train on rows of your own.",
            show_data, 10, tabs=("train",)),
    Command("reset", "r", "r", "reset", "Start again from the same weights.", lambda app: app.controller.reset(), 6,
            lesson="run"),
    Command("reseed", "R", "R", "new seed", "Start again from other weights: a new seed.",
            lambda app: app.controller.reseed(), lesson="seed"),
    Command("undo", "u", "u", "undo", "Undo the last change.", lambda app: app.controller.undo(), lesson="edit"),
    Command("redo", "U", "U", "redo", "Do the undone change again.", lambda app: app.controller.redo(), lesson="edit"),
    Command("rescue", "h", "h", "lower rate",
            "After a blow-up: back to ten updates before it, with half the rate, or half its limit if that is lower.",
            lambda app: app.controller.rescue(), lesson="none"),
    Command("runs", "l", "l", "runs", "List the runs: go to one, compare two, choose what is on the chart.",
            show_runs, 9, lesson="none"),
    Command("sweep", "S", "S", "sweep", "Train one setting over several values and seeds, as one chart and one table.",
            show_sweep, lesson="none"),
    Command("save", "ctrl+s", "Ctrl+S", "save", "Save the run under a name.", save_run, lesson="none"),
    Command("open", "O", "O", "open", "Open a saved run.", open_run, lesson="none"),
    Command("open_last", "o", "o", "open last", "Open the run that was kept from last time.",
            open_last_run, lesson="none"),
)
_CHART = (
    Command("read_chart", "left,right", "arrows", "read", "Read the chart out: a cursor tells losses and answers there;"
            " PgUp and PgDn go ten columns.", None, tabs=("train", "reading")),
    Command("go_there", "enter", "Enter", "go there", "Take the app to the moment that is read out.", None,
            tabs=("train", "read_out")),
    Command("let_go", "escape", "Esc", "let go", "Let the chart's cursor go.", None, tabs=("train", "read_out")),
)
_NETWORK = (
    Command("move_cursor", "up,down,left,right,pageup,pagedown", "arrows", "move",
            "Choose another neuron or edge; left and right go from neuron to edge to neuron.", None,
            tabs=("network",)),
    Command("next_neuron", "n", "n", "by neuron",
            "Go on by one neuron: within forward and backward the next one of the layer, then the next rung.",
            lambda app: app.editor.next_neuron(True), 4, tabs=("network", "diagram")),
    Command("previous_neuron", "N", "N", "neuron before", "Go back by one neuron.",
            lambda app: app.editor.next_neuron(False), tabs=("network", "diagram")),
    Command("trace", "t", "t", "trace", "Show the sum's way as text, or the diagram again.", switch_trace, 4,
            tabs=("network", "tracing")),
)
_TRACE = (
    Command("digits", "p", "p", "digits", "Show the trace's numbers with six digits, or with all that they have.",
            trace_commands.toggle_digits, tabs=("network",)),
    Command("next_row", "b", "b", "row", "Follow the next row of the batch in the trace; Esc goes back to the sum.",
            trace_commands.next_row, tabs=("network",)),
    Command("previous_row", "B", "B", "row before", "Follow the row before.", trace_commands.previous_row,
    tabs=("network",)),
    Command("choose_row", "j", "j", "row number", "Follow a row of the batch by its number.",
            trace_commands.choose_row, tabs=("network",)),
    Command("copy_trace", "y", "y", "copy", "Copy the trace to your terminal's clipboard.",
            trace_commands.copy, tabs=("network",)),
    Command("write_trace", "w", "w", "write", "Write the trace to a text file in the data folder.",
            trace_commands.write, tabs=("network",)),
    Command("prove", "a", "a", "prove",
            "Run autograd and torch.optim from the same state, and show how far they and we lie apart.",
            trace_commands.prove, 5, tabs=("network",)),
    Command("check_gradient", "g", "g", "check gradient",
            "Measure the chosen number's slope by nudging it, beside its gradient.",
            trace_commands.check_gradient, 5, tabs=("network",)),
)
_NUMBER = (
    Command("set_value", "enter", "Enter", "set", "Type a new value for the chosen number, or the neuron's bias.",
            edit_value, 7, tabs=_HOLD),
    Command("nudge_up", "plus,equals_sign", "+", "more", "Raise the chosen number by a hundredth, at least by 0.01.",
            lambda app: app.editor.nudge(+1), tabs=_HOLD),
    Command("nudge_down", "minus", "-", "less", "Lower the chosen number by a hundredth, at least by 0.01.",
            lambda app: app.editor.nudge(-1), tabs=_HOLD),
    Command("keep", "k", "k", "keep", "Keep the chosen number as it is while training goes on, or let it go.",
            lambda app: app.editor.keep(), 8, tabs=_HOLD),
    Command("keep_layer", "K", "K", "keep layer", "Keep the whole layer as it is, or let it go.",
            lambda app: app.editor.keep_layer(), tabs=_HOLD),
    Command("mute", "m", "m", "mute", "Mute the chosen hidden neuron: it hands on 0; or wake it.",
            lambda app: app.editor.mute(), 8, tabs=_HOLD),
)
_INSPECT = (
    Command("move_cell", "up,down,left,right,pageup,pagedown", "arrows", "move",
            "Choose another number of the table; PgUp and PgDn go by pages.", None, tabs=("inspect",)),
    Command("next_layer", "n", "n", "layer", "Show the next layer's tensors; Tab does so too.",
            inspect_commands.next_layer, 5, tabs=("inspect", "table")),
    Command("previous_layer", "N", "N", "layer before", "Show the tensors of the layer before; so does Shift+Tab.",
            inspect_commands.previous_layer, tabs=("inspect", "table")),
    Command("next_quantity", "v", "v", "quantity",
            "Show the next quantity: parameter, gradient, the optimizer's moments, change, ratio, activations.",
            inspect_commands.next_quantity, 4, tabs=("inspect", "table")),
    Command("previous_quantity", "V", "V", "quantity before", "Show the quantity before.",
            inspect_commands.previous_quantity, tabs=("inspect", "table")),
    Command("compare", "c", "c", "compare", "Compare with the start of the run, with before the last step, or not.",
            inspect_commands.compare, 4, tabs=("inspect", "table")),
    Command("find", "f", "f", "find", "Find a tensor, or a number such as hidden.weight[2,0].",
            inspect_commands.find, 4, tabs=("inspect",)),
    Command("clear", "x", "x", "clear", "Clear the search: back to the number chosen before it.",
            inspect_commands.clear, tabs=("inspect",)),
    Command("module", "M", "M", "module", "Show the network as PyTorch prints it, and count its parameters.",
            inspect_commands.show_module, 5, tabs=("inspect",)),
)
_EXPLORE = (
    Command("next_view", "v", "v", "view", "Show the next view: error, neurons, learned, stability, checks.",
            explore_commands.next_view, 2, tabs=("explore",)),
    Command("previous_view", "V", "V", "view before", "Show the view before.",
            explore_commands.previous_view, tabs=("explore",)),
    Command("move_hair", "up,down,left,right,pageup,pagedown", "arrows", "move",
            "Move the cross-hair over the plane of sums; at its edge the plane goes along.", None, tabs=("explore",)),
    Command("zoom_in", "plus,equals_sign", "+", "nearer", "Look at the plane from nearer.",
            explore_commands.zoom_in, 4, tabs=("explore",)),
    Command("zoom_out", "minus", "-", "wider", "Look at more of the plane.",
            explore_commands.zoom_out, 4, tabs=("explore",)),
    Command("log_steps", "g", "g", "log", "Cut the plane in log steps, out to a million either way, or in even ones.",
            explore_commands.switch_log, 4, tabs=("explore",)),
    Command("by_size", "m", "m", "size", "Colour the error by its size alone, or by its sign too.",
            explore_commands.switch_size, 5, tabs=("explore",)),
    Command("take_sum", "enter", "Enter", "ask", "Make the sum under the cross-hair the current sum.",
            explore_commands.take_sum, 5, tabs=("explore",)),
    Command("next_hidden", "n", "n", "neuron", "Choose the next hidden neuron.",
            explore_commands.next_neuron, 8, tabs=("explore",)),
    Command("previous_hidden", "N", "N", "neuron before", "Choose the hidden neuron before.",
            explore_commands.previous_neuron, tabs=("explore",)),
    Command("home_range", "x", "x", "training range", "Go back to the training range and the current sum.",
            explore_commands.back_to_range, tabs=("explore",)),
)
_LESSONS = (
    Command("move_lesson", "up,down,pageup,pagedown", "arrows", "move", "Choose another lesson.", None, tabs=("list",)),
    Command("go_in", "enter", "Enter", "go in", "Begin the chosen lesson, or go on with it.", lesson_commands.go_in, 1,
            tabs=("list",)),
    Command("only_done", "d", "d", "done", "Show only lessons that are done, or all again.",
    lesson_commands.only_done, 5,
            tabs=("list",)),
    Command("only_open", "p", "p", "open", "Show only lessons that are not done, or all again.",
    lesson_commands.only_open, 5,
            tabs=("list",)),
    Command("find_lesson", "f", "f", "find", "Find a lesson by a word.", lesson_commands.find, 4, tabs=("list",)),
    Command("all_lessons", "x", "x", "all", "Show all lessons again.", lesson_commands.clear, tabs=("list",)),
    Command("afresh", "Z", "Z", "afresh", "Forget what was done in the chosen lesson, and begin it afresh.",
            lesson_commands.begin_afresh, tabs=("list",)),
    Command("glossary", "g", "g", "glossary", "Open the glossary; in a lesson its own words come first.",
            lesson_commands.show_glossary, 6, tabs=("list", "page", "bench", "setting", "hands")),
)
_LESSON = (
    Command("scroll_text", "up,down,pageup,pagedown", "arrows", "scroll", "Scroll the text, or move in the view that"
            " has the keys.", None, tabs=("page", "bench", "setting")),
    Command("go_on", "enter", "Enter", "go on", "Go on to the next step, once this one is done.",
    lesson_commands.go_on, 1,
            tabs=("goes",)),
    Command("not_yet", "enter", "Enter", "go on", "Go on, once this step is done.", lesson_commands.go_on,
    tabs=("stays",)),
    Command("use", "enter", "Enter", "work out", "Work the chosen row out.", lesson_commands.use, 1, tabs=("bench",)),
    Command("set_control", "enter", "Enter", "set", "Give the chosen setting another value: a new run begins.",
            lesson_commands.use, 1, tabs=("setting",)),
    Command("go_back", "backspace", "Bksp", "step back", "Back to the step before; nothing is lost.",
    lesson_commands.go_back,
            8, tabs=("page", "bench", "setting", "hands")),
    Command("hint", "i", "i", "hint", "Show a hint for the task; after the third, how it is done.",
    lesson_commands.hint, 2,
            "i", tabs=("task",)),
    Command("yes", "y", "y", "yes", "Yes, show me.", lesson_commands.yes, 1, tabs=("asking",)),
    Command("no", "n,escape", "n", "no", "No, I will do it.", lesson_commands.no, 2, tabs=("asking",)),
    Command("lesson_view", "tab", "Tab", "next view", "Give the keys to the next view; after the last one to the text.",
            lesson_commands.next_view, 3, tabs=("handson", "read")),
    Command("lesson_view_before", "shift+tab", "S-Tab", "view before", "Give the keys to the view before.",
            lesson_commands.previous_view, tabs=("handson", "read")),
    Command("station", "b", "b", "station", "Load the lesson's next station, another run to look at.",
    lesson_commands.station,
            4, tabs=("stations",)),
    Command("type_shapes", "w", "w", "own shapes", "Type two shapes of your own.", lesson_commands.type_shapes, 4,
            tabs=("shapes",)),
    Command("to_list", "escape", "Esc", "list", "Back to the list; your own run is given back.",
    lesson_commands.leave, 9,
            tabs=("page", "bench", "setting", "hands")),
    Command("own_run", "L", "L", "own run", "Leave the lesson that is open, for a run of your own; nothing is lost.",
            lesson_commands.leave, tabs=("visiting",)),
    Command("fill_in", "enter", "Enter", "done", "Take what is typed.", None, 1, "Enter", tabs=("field",)),
    Command("leave_field", "escape", "Esc", "leave", "Leave the line, so that the other keys work again.", None, 3,
            "Esc", tabs=("field",)),
)
_PICKS = tuple(
    Command(f"pick_{letter}", letter, letter, f"pick {letter}", f"Pick {letter}.", partial(lesson_commands.pick,
    letter),
            tabs=(f"choice_{letter}",))
    for letter in "abcdef"
)
_SUMS = (
    Command("prompt", "slash", "/", "ask", "Ask the network a sum.", focus_prompt, 7, lesson="ask"),
    Command("ask", "enter", "Enter", "ask", "Ask the sum that is typed. Training is not changed by it.", None,
            1, "Enter", lesson="ask"),
    Command("earlier", "up", "Up", "earlier sums", "Bring back a sum asked earlier; Down goes the other way.", None,
            2, "Up", lesson="ask"),
    Command("leave", "escape", "Esc", "leave", "Leave the prompt, so that the other keys work again.", None, 3, "Esc",
            lesson="ask"),
)
_TABS = tuple(
    Command(f"tab_{tab.id}", tab.key, tab.key, tab.label, tab.help, partial(_show, tab.id)) for tab in TABS
)
_APP = (
    Command("help", "question_mark,f1", "?", "help", "Show all keys; in the prompt F1 does so.",
            show_help, 10, "F1"),
    Command("palette", "ctrl+p", "Ctrl+P", "find", "Find a command by a word.", show_palette),
    Command("suspend", "ctrl+z", "Ctrl+Z", "suspend", "Put the app to sleep; fg in the shell wakes it.",
            lambda app: app.action_suspend_process()),
    Command("quit", "q,ctrl+q", "q", "quit", "Leave; the run is kept. Ctrl+Q does so from anywhere.",
            leave, 11, "Ctrl+Q"),
)
# fmt: on

GROUPS = {
    "Lessons": _LESSONS, "Lesson": _LESSON + _PICKS, "Time": _TIME, "The run": _RUN, "Chart": _CHART,
    "Network": _NETWORK, "Trace": _TRACE, "Number": _NUMBER, "Inspect": _INSPECT, "Explore": _EXPLORE, "Sums": _SUMS,
    "Tabs": _TABS, "The app": _APP,
}  # fmt: skip
"""The commands by what they are about, in the order of the help screen."""

COMMANDS: tuple[Command, ...] = tuple(command for group in GROUPS.values() for command in group)
BY_ID = {command.id: command for command in COMMANDS}


def for_footer(typing: bool, place: str) -> list[Command]:
    """The commands that the footer shows, in its order; ``typing``: a text field has the focus."""
    ranked = [c for c in COMMANDS if c.footer and (c.typing if typing else c.act) and c.works_on(place)]
    return sorted(ranked, key=lambda c: c.footer)
