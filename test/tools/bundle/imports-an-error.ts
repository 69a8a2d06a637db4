import { ExecutionAlreadyExists } from '@aws-sdk/client-sfn';

/** No class of an error that is nothing but its name is in a bundle. */
export const isStarted = (error: unknown) => error instanceof ExecutionAlreadyExists;
