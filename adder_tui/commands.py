"""Everything that a key does, as data: it feeds key bindings, footer, palette and help."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

from adder_engine.language import tr
from adder_tui.tabs import TABS, TabId

Window = Literal[
    "runs", "open", "sweep", "rates", "data", "rows", "experiment", "glossary", "search", "dialog", "history"
]
Context = TabId | Window | Literal[
    # what a lesson in front, or the list of lessons, lets one do
    "lesson", "read", "predict", "do", "observe", "explain", "keep", "quiz", "more",
    "list", "field", "page", "scrolls", "reads", "goes", "fills", "stays", "task", "asking", "stations", "shapes",
    "choice_a", "choice_b", "choice_c", "choice_d", "choice_e", "choice_f", "choice_g", "choice_h",
    "ask", "run", "form", "seed", "edit", "handson", "numbers", "diagram", "tracing",
    "bench", "setting", "pointing", "table", "reading", "read_out", "stands", "answers",
    # what the task at hand needs next
    "next_run", "next_step", "next_back", "next_set", "next_station", "next_ask", "next_open", "next_seed",
    "next_reset", "next_edit", "next_undo",
    # on other tabs, while a lesson is open
    "visiting",
]  # fmt: skip
"""What decides which keys work: the tab in front, and what a lesson lets one do; or the window over them."""
Contexts = frozenset[Context]
Owner = Literal["app", "controller", "tab", "lesson", "window"]
"""Who carries a command out: the app, what sends requests to the session, the tab in front, the Learn tab, also from
another one, or a window over them, whose keys Textual hands to it."""


CHOICES: tuple[Context, ...] = (
    "choice_a", "choice_b", "choice_c", "choice_d", "choice_e", "choice_f", "choice_g", "choice_h",
)  # fmt: skip
"""A question's choices, in their order."""


KEYS = {
    "space": tr("space"), "up": tr("arrows"), "left": tr("arrows"), "home": tr("Home"), "end": tr("End"),
    "enter": tr("Enter"), "escape": tr("Esc"), "tab": tr("Tab"), "shift+tab": tr("S-Tab"), "backspace": tr("Bksp"),
    "full_stop": ".", "comma": ",", "slash": "/", "question_mark": "?", "plus": "+", "minus": "-",
    "left_square_bracket": "[", "right_square_bracket": "]", "less_than_sign": "<", "greater_than_sign": ">",
    "ctrl+d": tr("Ctrl+D"), "ctrl+p": tr("Ctrl+P"), "ctrl+r": tr("Ctrl+R"), "ctrl+s": tr("Ctrl+S"),
    "ctrl+t": tr("Ctrl+T"), "ctrl+y": tr("Ctrl+Y"), "ctrl+z": tr("Ctrl+Z"),
}  # fmt: skip
"""How keys are written, by Textual's names; letters and digits as they are."""


@dataclass(frozen=True)
class Command:
    """One thing that a person can do."""

    id: str
    keys: str
    """Textual's names of its keys, parted by commas."""
    label: str
    """One or two words for the footer."""
    help: str
    """A sentence for help and palette."""
    owner: Owner | None = None
    """Who has the method ``action_…``; None where a text field or a drawing takes the key itself."""
    contexts: Contexts = frozenset()
    """Where it works: in any of them; empty for everywhere."""
    footer: int = 0
    """Rank in the footer, 1 first; 0 for not at all."""
    typing: str = ""
    """The key that works while a text field has the focus; empty where none does."""
    lesson: Contexts | None = None
    """What a lesson, or the list of lessons, must have, one of these, so that this is not out of the way there; None
    where it always works."""
    action: str = ""
    """The owner's action, in Textual's notation: ``zoom(-1)``; empty where it is called like the command.

    A window's or a drawing's may take the key that was pressed: ``move('{key}')``.
    """
    shown: str = ""
    """The key as footer and help write it, where that is not the first key's name in :data:`KEYS`."""

    def __post_init__(self) -> None:
        first = self.keys.partition(",")[0]
        object.__setattr__(self, "shown", self.shown or KEYS.get(first, first))
        for name in ("shown", "label", "help", "typing"):
            text = getattr(self, name)
            object.__setattr__(self, name, tr(text) if len(text) > 1 else text)

    def works_on(self, contexts: Contexts) -> bool:
        """Whether it can be used in all of these: the tab in front, and what a lesson there lets one do."""
        if self.lesson is not None and self.lesson.isdisjoint(contexts) and not contexts.isdisjoint(_LEARNING):
            return False
        if not _WINDOWS.isdisjoint(contexts):
            return not self.contexts.isdisjoint(contexts)
        return not self.contexts or not self.contexts.isdisjoint(contexts)


def _on(*contexts: Context) -> Contexts:
    return frozenset(contexts)


def _window(window: Window, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """A window's commands: it carries out those with an action, the others' keys are a text field's own."""
    return tuple(replace(c, contexts=_on(window), owner="window" if c.action else None) for c in commands)


_LEARNING = _on("lesson", "list")
_WINDOWS = _on(*get_args(Window))
_MOVES = "up,down,pageup,pagedown,home,end"
_NEVER = _on()
_NUMBERS = _on("network", "inspect", "numbers")
"""Where one number is chosen and can be taken hold of."""
_TABLE = _on("inspect", "table")
_TEXT = _on("page", "bench", "setting")
_OPENED = _TEXT | _on("numbers")

_CHARTED = _on("train", "reading")

# fmt: off
_TIME = tuple(replace(command, lesson=_on("run")) for command in (
    Command("play", "space", "play", "Play or pause the training.", "controller", footer=1),
    Command("forward", "full_stop", "step", "Take one step forward.", "controller", footer=2, action="step(True)"),
    Command("back", "comma", "back", "Take one step back.", "controller", footer=3, action="step(False)"),
    Command("step_size", "s", "by", "Choose how far a step goes.", "controller", footer=4),
    Command("home", "home", "start", "Go back to the start of the run.", "controller"),
    Command("end", "end", "newest", "Go to the newest moment of the run.", "controller"),
    Command("go_to_epoch", "G", "go to epoch", "Go to an epoch that the run has been at, by its number.", "app",
            action="window('train.tab:GoToEpoch')"),
    Command("slower", "left_square_bracket", "slower", "Play slower.", "controller", footer=8, action="pace(-1)"),
    Command("faster", "right_square_bracket", "faster", "Play faster.", "controller", footer=9, action="pace(1)"),
))
_RUN = (
    Command("edit", "e", "edit", "Edit the experiment: every key, its meaning, its range and its default.",
            "app", footer=5, lesson=_on("form")),
    Command("data", "d", "data", "Look at the pairs that are trained on, or train on rows of your own.",
            "app", _on("train"), footer=10, action="window('data.screens:DataScreen')"),
    Command("reset", "r", "reset", "Start again from the same weights.", "controller", footer=6, lesson=_on("run")),
    Command("reseed", "R", "new seed", "Start again from other weights: a new seed.", "controller", lesson=_on("seed")),
    Command("undo", "u", "undo", "Undo the last change.", "controller", lesson=_on("edit")),
    Command("redo", "U", "redo", "Do the undone change again.", "controller", lesson=_on("edit")),
    Command("rescue", "h", "lower rate",
            "After a blow-up: back to ten updates before it, with half the rate, or half its limit if that is lower.",
            "controller", lesson=_NEVER),
    Command("runs", "l", "runs", "List the runs: go to one, compare up to four, choose what is on the chart.",
            "app", footer=9, lesson=_NEVER, action="window('runs.screens:RunsScreen')"),
    Command("sweep", "S", "sweep", "Train one setting over several values and seeds, as one chart and one table.",
            "app", lesson=_NEVER, action="window('sweep.screen:SweepScreen')"),
    Command("save", "ctrl+s", "save", "Save the run under a name.", "app", lesson=_NEVER,
            action="window('runs.file_screens:SaveRun')"),
    Command("export", "", "export", "Export the run: a script, a notebook, weights, losses as CSV or SVG, TOML.",
            "app", lesson=_NEVER, action="window('runs.file_screens:ExportRun')"),
    Command("rates", "", "rates", "Find a learning rate: the loss while the rate rises, with its limit marked.",
            "app", lesson=_NEVER, action="window('sweep.rates_screen:RatesScreen')"),
    Command("open", "O", "open", "Open a saved run.", "app", lesson=_NEVER,
            action="window('runs.file_screens:OpenRun')"),
    Command("open_last", "o", "open last", "Open the run that was kept from last time.", "app", lesson=_NEVER),
)
_CHART = (
    Command("read_chart", "left,right,pageup,pagedown,shift+left,shift+right", "read",
            "Read the chart out: a cursor tells losses and answers there; PgUp and PgDn go ten columns.", None,
            _on("train", "reading"), action="read('{key}')"),
    Command("go_there", "enter", "go there", "Take the app to the moment that is read out.", None,
            _on("train", "read_out"), action="go"),
    Command("let_go", "escape", "let go", "Let the chart's cursor go.", None, _on("train", "read_out"),
            action="let_go"),
)
_LOOKS = (
    Command("chart_scale", "g", "log", "Show the losses on a linear scale, or on a log scale again.",
            "tab", _on("train", "read_out"), action="look('scale')"),
    Command("chart_nearer", "plus,equals_sign", "nearer", "Look at half as many epochs, around the cursor.",
            "tab", _CHARTED, action="look('zoom', -1)"),
    Command("chart_wider", "minus", "wider", "Look at twice as many epochs.",
            "tab", _CHARTED, action="look('zoom', 1)"),
    Command("chart_back", "less_than_sign", "earlier", "Move the part of the chart in sight back by half.",
            "tab", _CHARTED, action="look('pan', -1)"),
    Command("chart_on", "greater_than_sign", "later", "Move the part of the chart in sight on by half.",
            "tab", _CHARTED, action="look('pan', 1)"),
    Command("chart_whole", "0", "whole", "Look at the whole chart again.", "tab", _CHARTED, action="look('whole')"),
    Command("chart_smooth", "m", "smooth",
            "Smooth the losses: the mean of 10, 100 or 1,000 epochs beside them, or not.", "tab", _CHARTED,
            action="look('smooth')"),
)
_NETWORK = (
    Command("move_cursor", "up,down,left,right,pageup,pagedown", "move",
            "Choose another neuron or edge; left and right go from neuron to edge to neuron.", None,
            _on("network", "next_edit")),
    Command("next_neuron", "n", "by neuron",
            "Go on by one neuron: within forward and backward the next one of the layer, then the next rung.",
            "controller", _on("network", "diagram"), footer=4, action="walk(True)"),
    Command("previous_neuron", "N", "neuron before", "Go back by one neuron.",
            "controller", _on("network", "diagram"), action="walk(False)"),
    Command("network_view", "v", "view",
            "Show the network as a picture, as numbers, or the sum's way as text; it is remembered.",
            "app", _on("network", "diagram"), footer=4),
    Command("trace", "t", "trace", "Show the sum's way as text, or the network again.",
            "tab", _on("network", "tracing"), footer=4),
)
_TRACE = tuple(replace(command, owner="tab", contexts=_on("network")) for command in (
    Command("digits", "p", "digits", "Show the trace's numbers with six digits, or with all that they have."),
    Command("next_row", "b", "row", "Follow the next row of the batch in the trace; Esc goes back to the sum.",
            action="row(1)"),
    Command("previous_row", "B", "row before", "Follow the row before.", action="row(-1)"),
    Command("choose_row", "j", "row number", "Follow a row of the batch by its number."),
    Command("copy_trace", "y", "copy", "Copy the trace to your terminal's clipboard."),
    Command("write_trace", "w", "write", "Write the trace to a text file in the data folder."),
    Command("prove", "a", "prove",
            "Run autograd and torch.optim from the same state, and show how far they and we lie apart.", footer=5),
    Command("check_gradient", "g", "check gradient",
            "Measure the chosen number's slope by nudging it, beside its gradient.", footer=5),
))
_NUMBER = (
    Command("set_value", "enter", "set", "Type a new value for the chosen number, or the neuron's bias.",
            "app", _NUMBERS, footer=7, action="window('network.tab:EditValue')"),
    Command("history", "H", "history", "Show the chosen number's history up to here, its tensor's histograms over the"
            " run, and the length of each layer's gradient.", "app", _on("network", "inspect"),
            action="window('inspect.history_screens:HistoryScreen')"),
    Command("nudge_up", "plus,equals_sign", "more", "Raise the chosen number by a hundredth, at least by 0.01.",
            "controller", _NUMBERS, action="nudge(1)"),
    Command("nudge_down", "minus", "less", "Lower the chosen number by a hundredth, at least by 0.01.",
            "controller", _NUMBERS, action="nudge(-1)"),
    Command("keep", "k", "keep", "Keep the chosen number as it is while training goes on, or let it go.",
            "controller", _NUMBERS, footer=8),
    Command("keep_layer", "K", "keep layer", "Keep the whole layer as it is, or let it go.", "controller", _NUMBERS),
    Command("mute", "m", "mute", "Mute the chosen hidden neuron: it hands on 0; or wake it.",
            "controller", _NUMBERS, footer=8),
)
_INSPECT = (
    Command("move_cell", "up,down,left,right,pageup,pagedown", "move",
            "Choose another number of the table; PgUp and PgDn go by pages.", None, _on("inspect"),
            action="move('{key}')"),
    Command("next_layer", "n", "layer", "Show the next layer's tensors; Tab does so too.",
            "tab", _TABLE, footer=5, action="layer(1)"),
    Command("previous_layer", "N", "layer before", "Show the tensors of the layer before; so does Shift+Tab.",
            "tab", _TABLE, action="layer(-1)"),
    Command("next_quantity", "v", "quantity",
            "Show the next quantity: parameter, gradient, the optimizer's moments, change, ratio, activations.",
            "tab", _TABLE, footer=4, action="quantity(1)"),
    Command("previous_quantity", "V", "quantity before", "Show the quantity before.",
            "tab", _TABLE, action="quantity(-1)"),
    Command("compare", "c", "compare", "Compare with the start of the run, with before the last step, or not.",
            "tab", _TABLE, footer=4),
    Command("find", "f", "find", "Find a tensor, or a number such as hidden.weight[2,0].",
            "tab", _on("inspect"), footer=4),
    Command("clear", "x", "clear", "Clear the search: back to the number chosen before it.", "tab", _on("inspect")),
    Command("module", "M", "module", "Show the network as PyTorch prints it, and count its parameters.",
            "tab", _on("inspect"), footer=5),
)
_EXPLORE = tuple(replace(command, contexts=_on("explore")) for command in (
    Command("next_view", "v", "view", "Show the next view: error, neurons, learned, stability, checks, slope.",
            "tab", footer=2, action="view(1)"),
    Command("previous_view", "V", "view before", "Show the view before.", "tab", action="view(-1)"),
    Command("move_hair", "up,down,left,right,pageup,pagedown", "move",
            "Move the cross-hair over the plane of sums; beside a number's curve, try other values of it.",
            action="move('{key}')"),
    Command("zoom_in", "plus,equals_sign", "nearer", "Look at the plane from nearer.",
            "tab", footer=4, action="zoom(-1)"),
    Command("zoom_out", "minus", "wider", "Look at more of the plane.", "tab", footer=4, action="zoom(1)"),
    Command("log_steps", "g", "log", "Cut the plane in log steps, out to a million either way, or in even ones.",
            "tab", footer=4),
    Command("by_size", "m", "size", "Colour the error by its size alone, or by its sign too.", "tab", footer=5),
    Command("take_sum", "enter", "ask", "Make the sum under the cross-hair the current sum.", "tab", footer=5),
    Command("next_hidden", "n", "neuron", "Choose the next hidden neuron.", "tab", footer=8, action="hidden(1)"),
    Command("previous_hidden", "N", "neuron before", "Choose the hidden neuron before.", "tab", action="hidden(-1)"),
    Command("home_range", "x", "training range", "Go back to the training range and the current sum.", "tab"),
))
_LESSONS = tuple(replace(command, contexts=command.contexts or _on("list")) for command in (
    Command("move_lesson", "up,down,pageup,pagedown", "move", "Choose another lesson."),
    Command("go_in", "enter", "go in", "Begin the chosen lesson, or go on with it.", "lesson", footer=1),
    Command("only_done", "d", "done", "Show only lessons that are done, or all again.",
            "lesson", footer=5, action="narrow('done')"),
    Command("only_open", "p", "open", "Show only lessons that are not done, or all again.",
            "lesson", footer=5, action="narrow('open')"),
    Command("find_lesson", "f", "find", "Find a lesson by a word.", "lesson", footer=4),
    Command("all_lessons", "x", "all", "Show all lessons again.", "lesson"),
    Command("afresh", "Z", "afresh", "Forget what was done in the chosen lesson, and begin it afresh; it is asked"
            " twice.", "lesson"),
    Command("glossary", "g", "glossary", "Open the glossary; in a lesson its own words come first.",
            "lesson", _OPENED | _on("list"), footer=6),
))
_LESSON = (
    Command("scroll_text", "up,down,pageup,pagedown", "scroll", "Scroll the text.", None, _on("scrolls"), footer=2),
    Command("move_row", "up,down,pageup,pagedown", "move", "Move in the view that has the keys.", None,
            _on("bench", "setting")),
    Command("move_point", "up,down,left,right,pageup,pagedown", "move",
            "Move the point in the view that has the keys; beside a curve, up and down choose another number.",
            None, _on("pointing"), footer=2),
    Command("read_on", "enter", "read on", "Show the rest of the text; at its end Enter goes on.",
            "lesson", _on("reads"), footer=1, action="go_on"),
    Command("go_on", "enter", "go on", "Go on to the next step, once this one is done.",
            "lesson", _on("goes"), footer=1),
    Command("fill", "enter", "fill in", "Give the keys to the line that is to be filled in.",
            "lesson", _on("fills"), footer=1, action="go_on"),
    Command("not_yet", "enter", "go on", "Go on, once this step is done.", "lesson", _on("stays"), action="go_on"),
    Command("use", "enter", "work out", "Work the chosen row out.", "lesson", _on("bench"), footer=1),
    Command("set_control", "enter", "set", "Give the chosen setting another value: a new run begins.",
            "lesson", _on("setting"), footer=1, action="use"),
    Command("go_back", "backspace", "step back", "Back to the step before; nothing is lost.",
            "lesson", _OPENED, footer=8),
    Command("hint", "i", "hint", "Show a hint for the task; after the third, how it is done.",
            "lesson", _on("task"), footer=2, typing="i"),
    Command("yes", "y", "yes", "Yes, show me.", "lesson", _on("asking"), footer=1),
    Command("no", "n,escape", "no", "No, I will do it.", "lesson", _on("asking"), footer=2),
    Command("lesson_view", "tab", "next view", "Give the keys to the next view; after the last one to the text.",
            "lesson", _on("handson", "read"), footer=3, action="view(1)"),
    Command("lesson_view_before", "shift+tab", "view before", "Give the keys to the view before.",
            "lesson", _on("handson", "read"), action="view(-1)"),
    Command("station", "b", "station", "Load the lesson's next station, another run to look at.",
            "lesson", _on("stations"), footer=4),
    Command("type_shapes", "w", "own shapes", "Type two shapes of your own.", "lesson", _on("shapes"), footer=4),
    Command("to_list", "escape", "list", "Back to the list; your own run is given back.",
            "lesson", _OPENED, footer=9, action="leave"),
    Command("own_run", "L", "own run", "Leave the lesson that is open, for a run of your own; nothing is lost.",
            "lesson", _on("visiting"), action="leave"),
    Command("fill_in", "enter", "done", "Take what is typed.", None, _on("field"), footer=1, typing="Enter"),
    Command("leave_field", "escape", "leave", "Leave the line, so that the other keys work again.",
            None, _on("field"), footer=3, typing="Esc"),
)
_PICKS = tuple(
    Command(f"pick_{letter}", letter, tr("pick {letter}", letter=letter), tr("Pick {letter}.", letter=letter),
            "lesson", _on(choice), action=f"pick('{letter}')")
    for letter, choice in zip("abcdef", CHOICES, strict=False)
)
SUMS = tuple(replace(command, lesson=_on("ask")) for command in (
    Command("prompt", "slash", "ask", "Ask the network a sum.", "app", footer=7),
    Command("ask", "enter", "ask", "Ask the sum that is typed. Training is not changed by it.",
            footer=1, typing="Enter"),
    Command("earlier", "up", "earlier sums", "Bring back a sum asked earlier; Down goes the other way.",
            footer=2, typing="Up", shown="Up"),
    Command("leave", "escape", "leave", "Leave the prompt, so that the other keys work again.", footer=3, typing="Esc"),
))
_TABS = tuple(
    Command(f"tab_{tab.id}", tab.key, tab.label, tab.help, "app", action=f"show_tab('{tab.id}')")
    for tab in TABS
)
_APP = (
    Command("help", "question_mark,f1", "help", "Show all keys; in the prompt F1 does so.",
            "app", footer=10, typing="F1"),
    Command("palette", "ctrl+p", "find", "Find a command by a word.", "app", action="window('help.screens:Palette')"),
    Command("copy_pane", "ctrl+y", "copy",
            "Copy the tab or window in front as text to your terminal's clipboard.", "app", typing="Ctrl+Y"),
    Command("suspend", "ctrl+z", "suspend", "Put the app to sleep; fg in the shell wakes it.",
            "app", action="suspend_process"),
    Command("quit", "q,ctrl+q", "quit", "Leave; the run is kept. Ctrl+Q does so from anywhere.",
            "app", footer=11, typing="Ctrl+Q"),
)
_RUNS = _window("runs", (
    Command("choose_run", _MOVES, "move", "Choose another run.", action="move('{key}')"),
    Command("go_to_run", "enter", "go", "Go to the chosen run; the one in progress is kept.", footer=1, action="go"),
    Command("compare_runs", "c,space", "compare", "Pick the chosen run, then others to set it beside, up to four.",
            footer=2, action="pick"),
    Command("chart_run", "v", "chart", "Put the chosen run on the chart, or take it away.", footer=3, action="chart"),
    Command("forget_run", "d,delete", "strike off", "Strike the chosen run off the list.", footer=4, action="forget"),
    Command("bring_run_back", "u", "bring back", "Put the run back that was struck off last.", action="bring_back"),
    Command("note_run", "n", "note", "Write a note on the chosen run; it is saved with it.", footer=6, action="note"),
    Command("swap_runs", "tab", "swap them", "Of runs side by side, show the next one first.", action="swap"),
    Command("leave_runs", "escape,l,q", "close", "Go back to the list, and from it to the app.",
            footer=5, action="leave"),
))
_SWEEP = _window("sweep", (
    Command("enter_sweep", "enter", "go", "Begin the sweep that is filled in; in its table go to the run.",
            typing="Enter", action="enter"),
    Command("next_field", "tab,shift+tab", "next field",
            "Go from field to field; in a grid, whose cells the arrows choose, to another seed.",
            typing="Tab", action="next_field('{key}')"),
    Command("choose_value", "up,down", "values", "Choose another value of the table; Down goes the other way.",
            typing="Up", action="move('{key}')", shown="Up"),
    Command("choose_seed", "left,right", "seeds",
            "Left and right choose another seed of the value; in a grid the cell beside.", action="seed('{key}')"),
    Command("new_sweep", "n", "new sweep", "Fill in another sweep; one that runs goes on meanwhile.", action="new"),
    Command("stop_sweep", "x", "stops it", "Stop the sweep where it is.", action="stop"),
    Command("rates_for_sweep", "ctrl+r", "rates", "Find a learning rate: the loss while the rate rises.",
            typing="Ctrl+R", action="rates"),
    Command("leave_sweep", "escape", "close", "Close it; a sweep that runs goes on.", typing="Esc", action="leave"),
))
_RATES = _window("rates", (
    Command("read_rates", "left,right,pageup,pagedown", "read out",
            "Read rate and loss out, from the lowest loss on; PgUp and PgDn go by ten updates.",
            action="read('{key}')"),
    Command("take_rate", "enter", "take", "Take the rate that is read out, at first the usual choice, into"
            " the run; u takes it back.", action="take"),
    Command("leave_rates", "escape,q", "close", "Go back.", action="dismiss"),
))
_DATA = _window("data", (
    Command("choose_pair", _MOVES, "move", "Choose another pair.", action="move('{key}')"),
    Command("switch_scatter", "v", "scatter", "Show the scatter in the table's place, or the table again.",
            action="switch"),
    Command("colour_scatter", "c", "colour", "Colour the scatter by the answers' errors, or by the targets.",
            action="colour"),
    Command("held_out", "tab", "held-out", "Show the held-out pairs, or those that are trained on.", action="held_out"),
    Command("own_rows", "e", "own rows", "Type or paste rows of your own; they start a new run.", action="edit"),
    Command("leave_data", "escape,q,d", "close", "Go back to the app.", action="dismiss"),
))
_OWN_ROWS = _window("rows", (
    Command("train_on_rows", "ctrl+t", "train on these", "Start a new run on the rows.",
            typing="Ctrl+T", action="apply"),
    Command("leave_rows", "escape", "back", "Go back to the data; the text is kept.", typing="Esc", action="leave"),
))
_OPEN = _window("open", (
    Command("choose_file", "up,down,pageup,pagedown", "move", "Choose another saved run.",
            typing="Up", action="move('{key}')"),
    Command("find_file", "", "find", "Find a run by its name, or type the path of one.", shown="letters"),
    Command("open_file", "enter", "opens", "Open the chosen run; the one in progress is kept.",
            typing="Enter", action="open_file"),
    Command("leave_open", "escape", "closes", "Go back to the app.", typing="Esc", action="dismiss"),
))
_FORM = _window("experiment", (
    Command("choose_key", "up,down,pageup,pagedown,tab,shift+tab", "move", "Up and Down choose another key.",
            action="move('{key}')"),
    Command("change_key", "left,right", "change", "Left and right go to the next word, or move in the text.",
            action="aside('{key}')"),
    Command("text_ends", "home,end", "start", "Go to the start of the text; End goes to its end.",
            action="go_to('{key}')"),
    Command("erase", "backspace,delete", "erase", "Erase what stands before the cursor; Del what is under it.",
            action="erase('{key}')"),
    Command("key_default", "ctrl+d", "default", "Give the key its default; all of them at the preset.",
            action="key_default"),
    Command("key_as_run", "ctrl+r", "as the run", "Give the key what the run has; all of them at the preset.",
            action="key_as_run"),
    Command("apply_form", "enter", "apply", "Change the run, or start a new one.", action="apply"),
    Command("leave_form", "escape", "leave", "Go back to the app; all stays as it was.",
            typing="Esc", action="dismiss"),
))
_GLOSSARY = _window("glossary", (
    Command("choose_term", "up,down,pageup,pagedown", "move", "Choose another term.",
            typing="Up", action="move('{key}')"),
    Command("find_term", "", "find", "Find terms by what they are called or say.", shown="letters"),
    Command("open_lesson", "enter", "opens", "Open the first lesson that explains the chosen term.",
            typing="Enter", action="open"),
    Command("leave_glossary", "escape", "closes", "Go back to the lessons.", typing="Esc", action="dismiss"),
))
_SEARCH = _window("search", (
    Command("choose_match", "up,down", "move", "Choose another one; Down goes the other way.", footer=2,
            typing="Up", action="move('{key}')", shown="Up"),
    Command("take_match", "enter", "take", "Take the chosen one.", footer=1, typing="Enter", action="take"),
    Command("leave_search", "escape,ctrl+p", "close", "Go back to the app.", footer=3, typing="Esc", action="dismiss"),
))
_DIALOG = _window("dialog", (
    Command("take_typed", "enter", "take", "Take what is typed; what will not do stays to be mended.", footer=1,
            typing="Enter", action="take_typed"),
    Command("leave_dialog", "escape", "leave", "Go back to the app; all stays as it was.", footer=2,
            typing="Esc", action="dismiss"),
))
_HISTORY = _window("history", (
    Command("choose_number", "up,down,left,right", "number", "Choose another number.", footer=1,
            action="move('{key}')"),
    Command("next_history", "v", "view", "Show the number, its tensor's histograms, or the gradients by layer.",
            footer=2, action="view(1)"),
    Command("history_before", "V", "view before", "Show the view before.", action="view(-1)"),
    Command("leave_history", "escape,q,H", "close", "Go back to the app.", footer=3, action="dismiss"),
))
_WINDOW_LOOKS = tuple(
    replace(command, id=f"window_{command.id}", owner="window", contexts=_on("runs", "sweep")) for command in _LOOKS
)
# fmt: on

GROUPS = (
    (tr("Lessons"), _LESSONS), (tr("Lesson"), _LESSON + _PICKS), (tr("Time"), _TIME), (tr("The run"), _RUN),
    (tr("Chart"), _CHART + _LOOKS), (tr("Network"), _NETWORK), (tr("Trace"), _TRACE), (tr("Number"), _NUMBER),
    (tr("Inspect"), _INSPECT), (tr("Explore"), _EXPLORE), (tr("Sums"), SUMS), (tr("Runs"), _RUNS), (tr("Open"), _OPEN),
    (tr("Sweep"), _SWEEP), (tr("Rates"), _RATES), (tr("Chart of a window"), _WINDOW_LOOKS), (tr("Data"), _DATA),
    (tr("Own rows"), _OWN_ROWS), (tr("Form"), _FORM), (tr("History"), _HISTORY), (tr("Glossary"), _GLOSSARY),
    (tr("Search"), _SEARCH), (tr("Dialog"), _DIALOG), (tr("Tabs"), _TABS), (tr("The app"), _APP),
)  # fmt: skip
"""The commands by what they are about, in the order of the help screen."""

COMMANDS: tuple[Command, ...] = tuple(command for _, group in GROUPS for command in group)
BY_ID = {command.id: command for command in COMMANDS}


def window_keys(window: Window) -> list[tuple[str, str]]:
    """Keys of a window, each with what it does, as its lowest line tells them."""
    ranked = [c for c in COMMANDS if c.footer and window in c.contexts]
    return [(c.shown, c.label) for c in sorted(ranked, key=lambda c: c.footer)]


NEEDED: dict[Context, tuple[str, ...]] = {
    "next_run": ("play",), "next_step": ("forward", "step_size"), "next_back": ("back",),
    "next_set": ("edit", "set_control"),
    "next_station": ("station",), "next_ask": ("prompt",), "next_open": ("lesson_view",), "next_seed": ("reseed",),
    "next_reset": ("reset",), "next_edit": ("move_cursor", "nudge_up", "set_value"), "next_undo": ("undo",),
}  # fmt: skip
"""What a lesson's task needs next, and the commands that do it: the footer names them before all others."""


@lru_cache(maxsize=64)
def for_footer(typing: bool, contexts: Contexts) -> tuple[Command, ...]:
    """The commands that the footer shows, in its order; ``typing``: a text field has the focus."""
    needed = {id for context, ids in NEEDED.items() if context in contexts for id in ids}
    ranked = [
        c for c in COMMANDS
        if (c.footer or c.id in needed) and (c.typing if typing else c.owner or not c.typing) and c.works_on(contexts)
    ]  # fmt: skip
    return tuple(sorted(ranked, key=lambda c: (c.id not in needed, c.footer)))
