/** What a `Rotation Requested` event may only ask for where the pipeline allows exactly that. docs/events.md */
export const eventPrivileges = ['emergency', 'force', 'retireNow'] as const;
export type EventPrivilege = (typeof eventPrivileges)[number];

/** A session, a whole account or everything is not what the bus's policy compares, or lets in more than is meant. */
export const REQUESTER_ARN = /^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/(?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/;
