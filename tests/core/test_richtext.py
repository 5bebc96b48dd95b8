import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.core.richtext import same, to_html, to_text

TEXTS = st.text(
    st.sampled_from(" \n\t\u00a0&<>\"'/:.)(-ab1!?;=[]\x0b\x0c\x00") | st.characters(exclude_characters="\r"),
    max_size=60,
)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a<br>b<br/>c<BR />d", "a\nb\nc\nd"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<p>a</p>\n  <p>b</p>\n", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<div>a<br></div><div><br></div><div>b</div>", "a\n\nb"),
        ("a<br><br><div>b</div>", "a\n\nb"),
        ("<h1>Title</h1>Text", "Title\n\nText"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<ul><li><p>a</p></li><li><p>b</p></li></ul>after", "- a\n- b\n\nafter"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        ("x<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>y", "x\n\n- a\n  - b\n- c\n\ny"),
        ('<a href="https://e.example/x">https://e.example/x</a>', "https://e.example/x"),
        ('<a href="https://e.example/">e.example</a>', "e.example"),
        ('see <a href="https://e.example/x">the offer</a>!', "see the offer (https://e.example/x)!"),
        ('<a href="mailto:a@e.example">a@e.example</a>', "a@e.example"),
        ('<a href="tel:+3712">Call</a>', "Call (tel:+3712)"),
        ('<a href="#top">top</a>', "top"),
        ('<a href="https://e.example"><img src=x></a>', "https://e.example"),
        ("a &amp; b &lt;c&gt; &eacute; &#8364;", "a & b <c> é €"),
        ("a&nbsp;&nbsp;b", "a  b"),
        ("a \n\t b", "a b"),
        ("<b>a</b> <i>b</i><u>c</u>", "a bc"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a | b\nc | d"),
        ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a | b"),
        ("<style>p {}</style><script>alert('<p>')</script><title>t</title>a", "a"),
        ("<!-- hidden -->a<![if !supportLists]>b<![endif]>", "ab"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a<hr>b", "a\n---\nb"),
        ("<img alt='Logo'> x", "Logo x"),
        ("1 < 2 and 3 > 2 & so on", "1 < 2 and 3 > 2 & so on"),
        ("</div></ul></span></a>a", "a"),
    ],
)
def test_html_is_laid_out_as_lines(source: str, text: str) -> None:
    assert to_text(source) == text


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("a\nb", "a<br>b"),
        ("a\r\n\r\nb", "a<br><br>b"),
        ('1 < 2 & "x"', '1 &lt; 2 &amp; "x"'),
        (
            "see https://e.example/?a=1&b=2.",
            'see <a href="https://e.example/?a=1&amp;b=2">https://e.example/?a=1&amp;b=2</a>.',
        ),
        ("a  b ", "a &nbsp;b&nbsp;"),
        ("- a", "- a"),
    ],
)
def test_text_becomes_html_that_editors_keep(text: str, source: str) -> None:
    assert to_html(text) == source


@given(TEXTS)
@example("\n\n")
@example(" a\t b \n\n  \u00a0 c")
@example("http://a.example http://a.example/")
@example("<![CDATA[x]]>")
def test_text_survives_the_way_through_html(text: str) -> None:
    assert to_text(to_html(text)) == text


TAGS = ["<p>", "</p>", "<br>", "<div>", "</div>", "<ul>", "<ol>", "<li>", "</li>", "</ul>", "<table>", "<tr>", "<td>"]
TAGS += [
    "</table>",
    '<a href="https://e.example">',
    "</a>",
    "<pre>",
    "</pre>",
    "&nbsp;",
    "<",
    "<![",
    "<!--",
    "&#0;",
    "<hr>",
]


@given(st.lists(st.sampled_from(TAGS) | TEXTS).map("".join))
def test_any_html_gives_text_that_no_longer_changes(source: str) -> None:
    text = to_text(source)
    assert to_text(to_html(text)) == text.replace("\r\n", "\n").replace("\r", "\n")
    assert same(source, text)


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("<p>a</p><p><b>b</b></p>", "a\r\n\r\nb\r\n", True),
        ("<p>a&nbsp;b</p>", "a b", True),
        ("<p>a</p>", "a\nb", False),
        ("", "", True),
    ],
)
def test_same_tells_a_real_edit_from_a_rendering(source: str, text: str, expected: bool) -> None:
    assert same(source, text) is expected
