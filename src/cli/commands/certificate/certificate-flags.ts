export interface CertificateFlags {
  readonly out: string;
  readonly name: readonly string[];
  readonly client?: string;
  readonly days: number;
  readonly json: boolean;
}

/** How long an authority of this command is valid. */
export const AUTHORITY_DAYS = 3_650;
