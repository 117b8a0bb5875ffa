/** Where a listener binds. Port 0 takes any free port; of one that listens, the port that it got. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}
