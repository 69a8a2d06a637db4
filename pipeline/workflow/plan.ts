import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import type { CheckSettings, ConsumerSettings, MirrorSettings } from '../contracts/settings/secret.ts';
import type { Path } from './decide.ts';

/** What one execution is going to do. Carries ARNs, names and version ids only. */
export interface Plan {
  path: Path;
  reason: string;
  secretArn: string;
  secretName: string;
  kind: string;
  startedBy: string;
  versionId: string;
  previousVersionId: string | null;
  retireFirst: { versionId: string; previousVersionId: string; promotedAt: string } | null;
  clearVersionId: string | null;
  /** What the rotation function is asked, on the path `repair`. */
  repair: Extract<WorkflowRequest, { operation: 'Abandon' | 'Repair' }> | null;
  rotationFunctionArn: string | null;
  emergency: boolean;
  rollBack: boolean;
  promotionTimeoutSeconds: number;
  gracePeriodSeconds: number;
  evidenceIntervalSeconds: number;
  convergenceBoundSeconds: number;
  consumers: ConsumerSettings[];
  checks: CheckSettings[];
  mirrors: MirrorSettings[];
}
