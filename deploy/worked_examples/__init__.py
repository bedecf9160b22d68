"""Worked examples of every indicator and variant: the reference page shows them, and the tests count them again, twice over."""

from deploy.worked_examples.activity import ACTIVITY
from deploy.worked_examples.campaign import CAMPAIGN
from deploy.worked_examples.creation import CREATION
from deploy.worked_examples.duties import DUTIES
from deploy.worked_examples.employment import EMPLOYMENT
from deploy.worked_examples.environment import ENVIRONMENT
from deploy.worked_examples.growth import GROWTH
from deploy.worked_examples.resources import RESOURCES
from deploy.worked_examples.tasks import TASKS
from deploy.worked_examples.work import WORK

EXAMPLES = (*ACTIVITY, *EMPLOYMENT, *GROWTH, *ENVIRONMENT, *CREATION, *CAMPAIGN, *TASKS, *RESOURCES, *WORK, *DUTIES)
"""Every worked example, in the catalogue's order."""
