"""Strings that strangers would like a chat to act on, written by hand; and fragments from which more are made.

Used as posts, names, handles, labels and reasons. None may ping, link, format or unfurl anything, or break a card.
"""

from hypothesis import strategies as st

_SLACK_MENTIONS = (
    "<!channel>", "<!here>", "<!everyone>", "<!group>", "<!channel|channel>", "<!here|@here>", "<!everyone|all>",
    "<@U1>", "<@U0LAPWING0>", "<@W12AB34CD>", "<@U1|ada>", "<@U1|<!channel>>", "<!subteam^S1>",
    "<!subteam^S1|@oncall>", "<#C1>", "<#C1|general>", "<#C1|>", "< !channel>", "<! channel>", "<!Channel>",
    "<!channel", "!channel>", "<<!channel>>", "<<@U1>>", "&lt;!channel&gt;", "&lt;@U1&gt;", "&amp;lt;!here&amp;gt;",
    "<!date^1700000000^{date}|then>", "<!date^1700000000^{date_long} {time}^https://evil.example|then>",
    "<!date^0^{ago}|x>", "<!unknown^thing|x>", "<@U1><@U1><@U1>", "<!channel>\n<!channel>", "\\<!channel\\>",
    "<\u200b!channel>", "<!chan\u00adnel>", "＜!channel＞", "‹!channel›", "<!channel\u0000>", "<!\u202echannel>",
)  # fmt: skip

_DISCORD_MENTIONS = (
    "@everyone", "@here", "@channel", "@group", "hello @here!", "@everyone@here", "@EVERYONE", "@Here", "(@channel)",
    "@\u200beveryone", "@every\u200bone", "＠everyone", "<@1>", "<@!123456789012345678>", "<@&123456789012345678>",
    "<#123456789012345678>", "</watch:123456789012345678>", "<t:1700000000:R>", "<t:1700000000>",
    "<:blob:123456789012345678>", "<a:party:123456789012345678>", "<id:customize>", "<id:browse>", "<id:guide>",
    "<@123|x>", "<@&0>", "<@!0>", "@silent everyone", "@someone", "@ada", "@ada.", "@oncall", "#general", "#C1",
    "<sound:1:2>", "\\@everyone", "`@everyone`", "||@everyone||", "> @everyone", "# @everyone", "-# @here",
)  # fmt: skip

_LINKS = (
    "http://evil.example", "https://evil.example/x?y=1&z=2#w", "HTTPS://EVIL.EXAMPLE", "ftp://evil.example/a",
    "www.evil.example", "evil.example", "evil.example/path", "https://bank.example@evil.example/",
    "https://bank.example%2f@evil.example", "http://127.0.0.1:8080/", "http://[::1]/", "http://169.254.169.254/latest",
    "https://xn--80ak6aa92e.com", "https://раураl.example", "https://evil.example/\u202egpj.exe",
    "https://evil.example/%00", "https://evil.example/%0aHost:x", "//evil.example", "https:evil.example",
    "https:///evil.example", "https://evil.example|text", "<https://evil.example>", "<https://evil.example|your bank>",
    "<http://evil.example|http://bank.example>", "<https://evil.example||x>", "<https://evil.example|<@U1>>",
    "<mailto:a@b.example>", "<mailto:a@b.example|write>", "mailto:a@b.example", "a@b.example", "a+b@sub.b.example",
    "tel:+15551234", "<tel:+15551234|call>", "slack://user?team=T1&id=U1", "<slack://channel?id=C1|x>",
    "discord://-/channels/1/2", "https://discord.gg/abcdef", "discord.gg/abcdef", "file:///etc/passwd",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "<javascript:alert(1)|x>", "vbscript:x",
    "data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=", "<data:text/html,x|y>",
    "[x](http://evil.example)", "[x](<http://evil.example>)", "[http://bank.example](http://evil.example)",
    "![x](https://evil.example/track.png)", "[x][1]\n\n[1]: http://evil.example", "[x](javascript:alert(1))",
    "[@everyone](http://evil.example)", "https://evil.example/" + "a" * 4000, "https://" + "a" * 300 + ".example",
    "https://evil.example/🔥", "https://evil.example/)](", "http://evil.example\\@bank.example", "about:blank",
    "blob:https://evil.example/1", "chrome://settings", "https://a.slack.com/archives/C1/p1700000000000000",
)  # fmt: skip

_MARKUP = (
    "*bold*", "**bold**", "_italic_", "__under__", "~strike~", "~~strike~~", "`code`", "``code``", "```\nrm -rf /\n```",
    "```python\nx\n```", "``` unclosed", "`unclosed", "* unclosed", "> quote", ">>> all of it", "line\n> quote",
    "&gt; quote", "# heading", "## heading", "-# small", "- item\n- item", "1. one\n2. two", "• item", "||spoiler||",
    "*_~`all`~_*", "***", "___", "~~~", "\\*not bold\\*", "*a*b*c*", "| a | b |\n|---|---|", "---", "===", "[ ] todo",
    "<b>bold</b>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</plain_text>", "<!-- -->", "<br>",
    "&amp;", "&amp;amp;", "&amp;amp;amp;lt;", "&lt;b&gt;", "&#60;b&#62;", "&#x3c;", "&nbsp;", "&", "&&", "&;", "<", ">",
    "<>", "<|>", "|", "a < b && c > d", "{{7*7}}", "${7*7}", "%s %d %n", "{0.__class__}", "'; DROP TABLE posts; --",
    "\" OR 1=1", "$(reboot)", "`reboot`", "../../etc/passwd", "\\x00", "\\u0000", "{\"type\": \"mrkdwn\"}", "null",
    "[object Object]", "undefined", "NaN", "/watch @evil", "/labels set x", "@lapwing unwatch all", "+1 7", "-1 7 x",
)  # fmt: skip

_EMOJI = (
    ":tada:", ":+1::skin-tone-3:", ":-1:", ":100:", ":slack:", "::", ":a:b:c:", ":not-an-emoji-at-all:", ":)", "<3",
    "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏿", "🇩🇪🇫🇷", "☠️", "❤", "1️⃣", "🔥" * 3000, "\ufe0f", "\u200d", "¯\\_(ツ)_/¯",
)  # fmt: skip

_CONTROL = (
    "\x00", "a\x00b", "\x07", "\x08\x08\x08", "\x1b[31mred\x1b[0m", "\x1b]8;;http://evil.example\x07x\x1b]8;;\x07",
    "\x7f", "\x85", "\x9b31m", "a\rb", "a\r\nb", "\v", "\f", "a\tb", "\x1c\x1d\x1e\x1f", "\ufffe", "\uffff",
    "\U0010ffff", "\ud800", "\udfff", "a\ud83dz", "\ude00\ud83d", "\ue000", "\U000e0041\U000e007f", "\ufdd0",
    "\ufff9\ufffa\ufffb",
)  # fmt: skip

_DIRECTION = (
    "\u202eevil", "\u202dx\u202c", "\u2066x\u2069", "\u2067x", "\u2068x", "\u200ex\u200f", "\u061cx",
    "abc\u202e\u2066cba", "مرحبا بالعالم", "שלום עולם", "مرحبا @channel <!here>", "שלום <@U1> עולם", "فارسی‌نویسی",
    "user\u202e\u0000txt.exe", "\u202a" * 500, "abc \u202e def",
)  # fmt: skip

_INVISIBLE = (
    "", " ", "   ", "\n", "\n\n\n", "\t", "\u00a0", "\u2003", "\u3000", "\u200b", "\u200b" * 100, "\u200c", "\u2060",
    "\ufeff", "\u00ad", "\u034f", "\u180e", "\u115f", "\u3164", "\uffa0", "\u2800", "\u2028", "\u2029", "a\u2028b",
    " leading", "trailing ", "\nleading", "trailing\n", "a\n\n\n\n\nb", "\n> quoted", "\n*bold*", "\n```", "\"quoted\"",
    "\"start of line", "'start", "“curly”", "«guillemets»", "„low“",
)  # fmt: skip

_LONG = (
    "a" * 10_000, "a " * 5_000, "\n" * 10_000, "a\n" * 5_000, "&" * 10_000, "<" * 10_000, "<!channel>" * 1_000,
    "@here " * 1_700, "*" * 10_000, "`" * 9_999, "<" * 5_000 + ">" * 5_000, "字" * 10_000, "\u0300" * 10_000,
    "e" + "\u0301" * 500, "Z̴̢̛͇̗̮̰͉a̶̙̒̓l̸̰̽g̷͎̈́o̵̥͐" * 200, "Donaudampfschifffahrtsgesellschaft" * 90, "https://evil.example/ " * 450,
    "&amp;" * 2_000, "\x00" * 10_000, "\ud800" * 10_000, "x" * 74, "x" * 75, "x" * 76, "x" * 150, "x" * 151,
    "x" * 2_000, "x" * 2_001, "x" * 2_999, "x" * 3_000, "x" * 3_001, "x" * 3_999, "x" * 4_001, "x" * 13_200,
    "ẞ" * 3_000, "ﷺ" * 3_000,
)  # fmt: skip

HOSTILE = (
    *_SLACK_MENTIONS, *_DISCORD_MENTIONS, *_LINKS, *_MARKUP, *_EMOJI, *_CONTROL, *_DIRECTION, *_INVISIBLE, *_LONG,
)  # fmt: skip
"""Each of them once."""

_SHORT = tuple(text for text in HOSTILE if len(text) < 40)


def hostile_texts() -> st.SearchStrategy[str]:
    """Texts put together from hostile fragments and any characters at all, lone surrogates among them."""
    anything = st.text(st.characters(), max_size=12)
    return st.lists(st.sampled_from(_SHORT) | anything, max_size=5).map("".join)
