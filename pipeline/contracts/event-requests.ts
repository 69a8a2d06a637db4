/** What a `Rotation Requested` event may only ask for where the pipeline allows exactly that. docs/events.md */
export const eventPrivileges = ['emergency', 'force', 'retireNow'] as const;
export type EventPrivilege = (typeof eventPrivileges)[number];
