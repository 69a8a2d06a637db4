import { KeyturnError } from '../errors.ts';

/** An event asked for what the pipeline does not allow by event. Nothing was changed. */
export class RequestNotAllowed extends KeyturnError {
  readonly code = 'RequestNotAllowed';
}
