"""How far it has come with what is drawn again in the background, after a choice that concerns very many."""

from flask import Blueprint, render_template

from bridge.config import Config
from web.access import signed_in
from web.services import Services
from web.topics import Topic


def topic(services: Services, _config: Config) -> Topic:
    """``/redraws``, a part of other pages: of one's own records, for administrators of everybody's."""
    pages = Blueprint("redraws", __name__, url_prefix="/redraws")

    @pages.get("/")
    def state() -> str:
        return render_template("components/redraws.html", progress=services.redraws.progress(signed_in()))

    @pages.app_context_processor
    def shown() -> dict[str, object]:
        return {"redraws": lambda: services.redraws.progress(signed_in())}

    return Topic(pages)
