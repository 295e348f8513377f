"""Modals' rules: what makes Slack answer invalid_arguments to views.open, from docs.slack.dev/reference/views."""

from tests.fakes.slack.blocks import Check, block_faults

BLOCKS_A_VIEW = 100


def view_faults(view: object) -> list[str]:
    """What Slack would refuse in this modal, as the messages of invalid_arguments."""
    check = Check()
    if not isinstance(view, dict) or view.get("type") != "modal":
        return ["must be a view of type modal [json-pointer:/view/type]"]
    allowed = "close submit private_metadata callback_id clear_on_close notify_on_close external_id submit_disabled"
    check.fields(view, "/view", "title blocks", allowed)
    for name in ("title", "submit", "close"):
        if name in view:
            check.text(view[name], f"/view/{name}", 24)
    check.optional(view, "callback_id", "/view", 255)
    check.optional(view, "external_id", "/view", 255)
    if len(view.get("private_metadata") or "") > 3000:
        check.wrong("must be less than 3001 characters", "/view/private_metadata")
    blocks = view.get("blocks")
    if "submit" not in view and any(block.get("type") == "input" for block in blocks or []):
        check.wrong("submit is required when an input block is within the blocks array", "/view")
    return check.faults + block_faults(blocks, BLOCKS_A_VIEW, "/view/blocks")
