"""Five human steps, one after another."""

from viewflow import this
from viewflow.workflow import flow
from viewflow.workflow.flow import views
from viewflow.workflow.models import Process

VIEW = views.UpdateProcessView.as_view(fields=[])


class FiveSteps(flow.Flow):
    """受理 承办 审核 批准 办结."""

    process_class = Process
    start = flow.StartHandle(this.begin).Next(this.accept)
    accept = flow.View(VIEW).Next(this.handle)
    handle = flow.View(VIEW).Next(this.review)
    review = flow.View(VIEW).Next(this.approve)
    approve = flow.View(VIEW).Next(this.conclude)
    conclude = flow.View(VIEW).Next(this.end)
    end = flow.End()

    def begin(self, activation):
        return activation.process
