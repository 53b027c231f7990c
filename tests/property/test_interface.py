"""Every operation of the OpenAPI document, asked with what its types allow and what nobody thought of: never our fault."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis

from core.access import Role
from tests.staff import SAME_ORIGIN, Site, make_site, sign_in

EXAMPLES = 12  # of each operation; a hundred were tried by hand when this was written
READY = {"/api/v1/heartbeat": {200, 503}}  # says 503 on purpose while no canary has come home


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = make_site(tmp_path_factory.mktemp("site"))
    roles = set(Role) - {Role.WALL_SCREEN, Role.DEPARTMENT_USER}
    made.services.accounts.create("everybody", "yangguang-demo", display_name="众人", roles=roles, org="fagai")
    made.services.approval.posts.give("everybody", "*", ["综合窗口", "承办人", "审核人", "批准人", "分管领导"])
    yield made
    made.services.database.dispose()


def test_no_request_that_the_document_allows_is_answered_with_a_fault(site: Site) -> None:
    client = site.app.test_client()
    assert sign_in(client, "everybody").status_code == 303
    cookies = {cookie.key: cookie.value for cookie in client._cookies.values()}
    answers: dict[tuple[str, str, int], str] = {}

    for found in schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site.app).get_all_operations():
        operation = found.ok()

        @hypothesis.settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[hypothesis.Phase.generate],
                             suppress_health_check=list(hypothesis.HealthCheck))
        @hypothesis.given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            answer = case.call(headers=SAME_ORIGIN, cookies=cookies)
            answers[case.method, case.operation.path, answer.status_code] = answer.text[:200]

        ask()

    faults = {key: text for key, text in answers.items() if key[2] >= 500 and key[2] not in READY.get(key[1], ())}
    assert faults == {}
    assert len({path for _, path, status in answers if status != 401}) > 40
