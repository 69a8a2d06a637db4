import type { PostgresPayload } from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import type { Rotator } from '../rotator.ts';

/** What a strategy does of a rotation. */
export type Strategy = Pick<
  Rotator<PostgresPayload, PostgresSettings>,
  'create' | 'set' | 'test' | 'abandon' | 'restore' | 'gatherEvidence' | 'retire'
>;
