"""The reply to every action (reference, sections 1.3 and 3), by the action's type."""

from tests.conformance.shapes.language import (
    ADDRESS,
    CLOID,
    COUNT,
    NUMBER,
    TEXT,
    Arr,
    Named,
    Obj,
    OneOf,
    Optional,
    Shape,
    Words,
)

REFUSED = Obj(status=Words("err"), response=TEXT)
ERROR = Obj(error=TEXT)
ORDER_STATUS = Named(
    "orderReply",
    OneOf(
        resting=Obj(resting=Obj(oid=COUNT, cloid=Optional(CLOID))),
        filled=Obj(filled=Obj(totalSz=NUMBER, avgPx=NUMBER, oid=COUNT, cloid=Optional(CLOID))),
        error=ERROR,
        waitingForFill=Words("waitingForFill"),
        waitingForTrigger=Words("waitingForTrigger"),
    ),
)
CANCEL_STATUS = Named("cancelReply", OneOf(success=Words("success"), error=ERROR))


def _done(kind: str, data: Shape | None = None) -> Shape:
    response = Obj(type=Words(kind)) if data is None else Obj(type=Words(kind), data=data)
    return OneOf(done=Obj(status=Words("ok"), response=response), refused=REFUSED)


_ORDERS = _done("order", Obj(statuses=Arr(ORDER_STATUS)))
_CANCELS = _done("cancel", Obj(statuses=Arr(CANCEL_STATUS)))
_DEFAULT = _done("default")

ACTIONS: dict[str, Shape] = {
    "order": _ORDERS,
    "batchModify": _ORDERS,
    "cancel": _CANCELS,
    "cancelByCloid": _CANCELS,
    "twapOrder": _done("twapOrder", Obj(status=OneOf(running=Obj(running=Obj(twapId=COUNT)), error=ERROR))),
    "twapCancel": _done("twapCancel", Obj(status=OneOf(success=Words("success"), error=ERROR))),
    "createSubAccount": _done("createSubAccount", ADDRESS),
    "createVault": _done("createVault", ADDRESS),
    **dict.fromkeys(
        (
            "modify",
            "scheduleCancel",
            "updateLeverage",
            "updateIsolatedMargin",
            "topUpIsolatedOnlyMargin",
            "noop",
            "setReferrer",
            "registerReferrer",
            "claimRewards",
            "reserveRequestWeight",
            "evmUserModify",
            "gossipPriorityBid",
            "vaultModify",
            "vaultDistribute",
            "subAccountModify",
            "subAccountTransfer",
            "subAccountSpotTransfer",
            "vaultTransfer",
            "agentSetAbstraction",
            "agentEnableDexAbstraction",
            "agentSendAsset",
            "usdClassTransfer",
            "sendAsset",
            "usdSend",
            "spotSend",
            "withdraw3",
            "approveAgent",
            "approveBuilderFee",
            "userSetAbstraction",
            "userDexAbstraction",
            "userPortfolioMargin",
        ),
        _DEFAULT,
    ),
}
