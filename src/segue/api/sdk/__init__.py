"""Operations as AWS's own callers of "any API" name them: workflow tasks (``aws-sdk:sqs:sendMessage``) and schedules.

Services, actions, members and errors are spelled as in the SDK for Java 2; all of it comes from the models.
"""
