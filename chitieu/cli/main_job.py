"""What `chitieu up` does between its processes: prepare, post what the plans print, show it."""

from __future__ import annotations

import datetime as dt
import threading

from chitieu.bootstrap import prepare_registry, product_catalogue, product_provinces
from chitieu.catalogue.catalogue import Catalogue
from chitieu.cli import tables
from chitieu.cli.session import make_first_keys
from chitieu.cli.terminal import Bar, console, say, speak
from chitieu.client import Client
from chitieu.data_folder import Credentials, DataFolder
from chitieu.places import Places
from chitieu.postgres.server import Progress
from chitieu.posting import post_printed, wait_scored
from chitieu.printed_results import Shown, printed_events, scorecards_to_show
from chitieu.settings import Settings
from chitieu.text import plural

# So many lines of a plan are shown in a terminal; all of it is one command away.
_MOST_ROWS = 12


class Interrupted(Exception):
    """We were told to stop in the middle."""


class MainJob:
    """The steps, each a coroutine of its own; between two the processes are watched."""

    def __init__(
        self, settings: Settings, folder: DataFolder, dsn: str, url: str, told: threading.Event
    ) -> None:
        """`told` is set when we shall stop."""
        self._settings, self._folder, self._dsn, self._url = settings, folder, dsn, url
        self._told = told
        self._catalogue = Catalogue()
        self._places: Places | None = None
        self._credentials: Credentials | None = None

    async def prepare(self) -> None:
        """Catalogue, units, first keys."""
        base = product_catalogue(self._settings.catalogue)
        self._places = product_provinces()
        done = await prepare_registry(self._dsn, base, dt.datetime.now(dt.UTC))
        # What was loaded by a user's own hand is not ours to post.
        self._catalogue = base
        counts = done.catalogue
        say(
            f"danh mục: {len(counts.plans)} kế hoạch, {len(counts.targets)} chỉ tiêu,"
            f" {len(counts.units)} đơn vị" + (" (phiên bản mới)" if done.new_version else ""),
            f"catalogue: {plural(len(counts.plans), 'plan')},"
            f" {plural(len(counts.targets), 'target')}, {plural(len(counts.units), 'unit')}"
            + (" (a new version)" if done.new_version else ""),
        )
        self._credentials, made = await make_first_keys(self._dsn, base, self._places, self._folder)
        if made:
            file = self._folder.credentials_file
            say(f"khóa truy cập: {file}", f"access keys: {file}")

    async def wait_for_web(self) -> None:
        """Until it answers that it is ready."""
        async with Client(self._url, try_for=60.0) as client:
            await client.get("/readyz")

    async def post_and_show(self) -> None:
        """The main job on the real data."""
        assert self._credentials is not None  # `prepare` made them
        assert self._places is not None
        plans = self._catalogue.plans.values()
        events = [event for plan in plans for event in printed_events(plan)]
        provinces = {plan.name: plan.place for plan in plans if plan.place}
        lang = speak.lang
        async with Client(self._url, self._credentials.admin, lang=lang) as client:
            with Bar(speak("gửi kết quả in", "posting printed results"), len(events)) as bar:

                def advance(_: str, n: int) -> None:
                    self._go_on()
                    bar.advance(n)

                new = await post_printed(
                    client, events, self._credentials.provinces, provinces, advance
                )
            say(
                f"kết quả in: {new} mới, {len(events) - new} đã có",
                f"printed results: {new} new, {len(events) - new} there already",
            )
            await wait_scored(self._dsn, self._tell)
            for shown in scorecards_to_show(self._catalogue, self._places):
                self._go_on()
                await self._show(client, shown)
        for plan in plans:
            if plan.place is None:
                say(f"\n{plan.name}: {plan.title.vi}", f"\n{plan.name}: {plan.title.en}")
                say(
                    "  gửi mọi Sở Y tế: đứng trong phiếu điểm của mọi tỉnh",
                    "  addressed to every health department: on every province's scorecard",
                )

    async def _show(self, client: Client, shown: Shown) -> None:
        card = await client.get(
            f"/v1/provinces/{shown.province}/scorecard",
            plan=shown.plan, as_of=shown.as_of.isoformat(), on=shown.on.isoformat(),
        )  # fmt: skip
        see = (
            f"chitieu scorecard {shown.province} --plan {shown.plan}"
            f" --as-of {shown.as_of} --on {shown.on}"
        )
        out = console()
        out.print()
        # A person at a terminal wants the end to be near; a file takes every row.
        most = _MOST_ROWS if out.is_terminal else None
        out.print(tables.scorecard(card, shown.plan, most=most, see=see))

    def _tell(self, progress: Progress) -> None:
        self._go_on()

    def _go_on(self) -> None:
        if self._told.is_set():
            raise Interrupted
