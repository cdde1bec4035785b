import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/**
 * Reads an event by Avro's own decoder, field by field: what a generated class with custom coders does, and faster than
 * a generic record. Its fields hold the last event.
 */
final class EventReader {
  private static final int HEADER_BYTES = 10;

  long id;
  final double[] features = new double[8];
  private BinaryDecoder decoder;

  /** @throws IllegalArgumentException when it is no single object */
  void read(byte[] value) {
    if (value.length < HEADER_BYTES || value[0] != (byte) 0xc3 || value[1] != 1)
      throw new IllegalArgumentException("no single object");
    try {
      decoder = DecoderFactory.get().binaryDecoder(value, HEADER_BYTES, value.length - HEADER_BYTES, decoder);
      id = decoder.readLong();
      decoder.readLong();
      decoder.skipString();
      for (int i = 0; i < features.length; i++) features[i] = decoder.readDouble();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
