"""Writes one picture of a video to standard output, as PNG: video_frame.py FILE SECONDS|end.

For `jepa-mpc goal add` on machines without ffmpeg. Exit code 1: one line on standard error says why not; 3: PyAV is not installed.
"""

import io
import sys

try:
    import av
except ImportError:
    sys.exit(3)


def frame_at(file: str, at_s: float | None):
    """The picture that is shown `at_s` seconds after the beginning; None is the last one. Raises ValueError when there is none."""
    with av.open(file) as container:
        if not container.streams.video:
            raise ValueError("it has no video stream")
        stream = container.streams.video[0]
        begin = stream.start_time or 0
        if at_s is not None:
            container.seek(begin + int(at_s / stream.time_base), stream=stream)
        shown = None
        for frame in container.decode(stream):
            if at_s is not None and frame.pts is not None and float((frame.pts - begin) * stream.time_base) > at_s + 1e-6:
                return shown or frame
            shown = frame
        if shown is None:
            raise ValueError("it has no picture that can be decoded")
        rate = stream.average_rate
        last_s = float((shown.pts - begin) * stream.time_base) + (float(1 / rate) if rate else 0)
        if at_s is not None and at_s > last_s:
            raise ValueError(f"it lasts {last_s:.3f} s; {at_s:g} s is not in it")
        return shown


def main() -> None:
    file, at = sys.argv[1:]
    try:
        frame = frame_at(file, None if at == "end" else float(at))
    except (av.FFmpegError, ValueError, OSError) as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        sys.exit(1)
    png = io.BytesIO()
    frame.to_image().save(png, "PNG")
    sys.stdout.buffer.write(png.getvalue())


if __name__ == "__main__":
    main()
