/** One line of `outrider check`. A `fault` means that `run` would not work. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault';
  readonly what: string;
  readonly message: string;
}
