import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.microsoft.graph.models.odataerrors.ODataError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * Steps with names, and what their answers have to hold. For each operation a line `NAME: requests N` or `NAME: cannot WHY`;
 * everything that is wrong at the end.
 */
class Steps {
    interface Step {
        void run() throws Exception;
    }

    /** The library is not able to do this. */
    static class Cannot extends Exception {
        Cannot(String why) {
            super(why);
        }
    }

    /** Counts what is sent, below everything that sends again. */
    static class Counting implements Interceptor {
        @Override
        public Response intercept(Chain chain) throws IOException {
            SENT.incrementAndGet();
            lastPath = chain.request().url().encodedPath();
            return chain.proceed(chain.request());
        }
    }

    private static final AtomicInteger SENT = new AtomicInteger();
    static volatile String lastPath;
    final JsonObject expected;
    private final Map<String, Step> steps = new LinkedHashMap<>();

    Steps() throws IOException {
        var text = Files.readString(Path.of(System.getenv("OPERATIONS_EXPECTED")));
        expected = JsonParser.parseString(text).getAsJsonObject();
    }

    void step(String name, Step step) {
        steps.put(name, step);
    }

    /** Runs those whose names contain one of the words, or all. */
    boolean run(String[] words) {
        var wrong = new ArrayList<String>();
        steps.forEach((name, step) -> {
            if (words.length > 0 && Arrays.stream(words).noneMatch(name::contains)) {
                return;
            }
            SENT.set(0);
            try {
                step.run();
                System.out.println(name + ": requests " + SENT.get());
            } catch (Cannot why) {
                System.out.println(name + ": cannot " + why.getMessage());
            } catch (ODataError refused) {
                var error = refused.getError();
                var said = error == null ? "" : " " + error.getCode() + ": " + error.getMessage();
                wrong.add(name + ": " + refused.getResponseStatusCode() + said);
            } catch (Exception | AssertionError why) {
                wrong.add(name + ": " + why);
            }
        });
        wrong.forEach(System.err::println);
        return wrong.isEmpty();
    }

    static void same(String what, Object found, Object wanted) {
        if (!Objects.equals(found, wanted)) {
            throw new AssertionError(what + ": " + found + " in the place of " + wanted);
        }
    }

    static void isGone(Step get) throws Exception {
        try {
            get.run();
        } catch (ODataError refused) {
            same("status afterwards", refused.getResponseStatusCode(), 404);
            return;
        }
        throw new AssertionError("it is there after it has been deleted");
    }

    static void isContent(InputStream found, JsonObject wanted) throws Exception {
        var digest = MessageDigest.getInstance("SHA-256");
        var piece = new byte[64 * 1024];
        var length = 0L;
        try (found) {
            for (var read = found.read(piece); read >= 0; read = found.read(piece)) {
                digest.update(piece, 0, read);
                length += read;
            }
        }
        same("length", length, wanted.get("bytes").getAsLong());
        same("sha256", HexFormat.of().formatHex(digest.digest()), text(wanted, "sha256"));
    }

    static void isSpoken(InputStream found, JsonObject wanted, boolean attributed) throws IOException {
        var text = read(found);
        for (var cue : each(wanted.getAsJsonArray("cues"))) {
            same("the words of " + cue + " are there", text.contains(text(cue, "text")), true);
            same("names its speakers", text.contains("<v " + text(cue, "speaker") + ">"), attributed);
        }
    }

    static void isMetadata(InputStream found, JsonObject wanted) throws IOException {
        var cues = new ArrayList<List<String>>();
        for (var line : read(found).lines().filter(line -> line.startsWith("{")).toList()) {
            var cue = JsonParser.parseString(line).getAsJsonObject();
            cues.add(List.of(text(cue, "speakerName"), text(cue, "spokenText")));
        }
        var heard = each(wanted.getAsJsonArray("cues"));
        same("spoken", cues, heard.stream().map(cue -> List.of(text(cue, "speaker"), text(cue, "text"))).toList());
    }

    static String read(InputStream found) throws IOException {
        try (found) {
            return new String(found.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    static String text(JsonObject object, String name) {
        return object.get(name).isJsonNull() ? null : object.get(name).getAsString();
    }

    static List<JsonObject> each(JsonArray array) {
        return StreamSupport.stream(array.spliterator(), false).map(one -> one.getAsJsonObject()).toList();
    }

    /** The ids of objects in their order. */
    static List<String> ids(JsonArray array) {
        return each(array).stream().map(one -> text(one, "id")).toList();
    }

    static List<String> texts(JsonArray array) {
        return StreamSupport.stream(array.spliterator(), false).map(one -> one.getAsString()).toList();
    }

    static List<String> sorted(Stream<String> texts) {
        return texts.sorted().toList();
    }
}
